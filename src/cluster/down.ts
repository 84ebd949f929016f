export async function down(_: unknown): Promise<void> {}
export async function reset(_: unknown): Promise<void> {}
