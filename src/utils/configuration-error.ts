/** A flag, or a file that a flag names, makes no sense; starting again does not help. */
export class ConfigurationError extends Error {
  override name = 'ConfigurationError';
}
