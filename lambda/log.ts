/** The handler's log: one object a line, and never a response URL. */
export interface Log {
  info(message: string, details?: Record<string, unknown>): void;
  warn(message: string, details?: Record<string, unknown>): void;
  error(message: string, details?: Record<string, unknown>): void;
}

/** Every line says which resource of which stack it is about. The function's log format is JSON. */
export function consoleLog(about: Record<string, unknown>): Log {
  return {
    info: (message, details) => console.info({ message, ...about, ...details }),
    warn: (message, details) => console.warn({ message, ...about, ...details }),
    error: (message, details) => console.error({ message, ...about, ...details }),
  };
}
