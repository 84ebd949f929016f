import { formatQuantity, parseQuantity, quantityMilliValue } from '../../../schema/quantity.ts';

/** Amounts finer than a thousandth are rounded up to one: nothing measures finer. */
export function roundQuantities(list: Record<string, string>): void {
  for (const name of Object.keys(list)) {
    const text = list[name] ?? '';
    if (!mayBeFine(text)) continue;
    const quantity = parseQuantity(text);
    if (quantity.scale >= -3) continue;
    list[name] = formatQuantity({ value: quantityMilliValue(quantity), scale: -3, format: quantity.format });
  }
}

/** Only these ways of writing can mean less than a thousandth. */
const mayBeFine = (text: string): boolean => /[nu.e]/.test(text);
