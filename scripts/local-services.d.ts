/** Types of scripts/local-services.js, for the tests that start servers of their own. */
export interface LocalKafka {
  /** host:port, as KAFKA_BROKERS wants it. */
  brokers: string;
  port: number;
  directory: string;
  logFile: string;
  /** Process id while it runs. */
  pid(): number | undefined;
  exited(): Promise<Error>;
  release(): void;
  /** SIGKILL, or another signal (SIGSTOP and SIGCONT do not end it). Resolves when the process is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Same port, same data; resolves when it answers. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface LocalRedis {
  url: string;
  port: number;
  directory: string;
  logFile: string;
  pid(): number | undefined;
  exited(): Promise<Error>;
  release(): void;
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Same port, empty. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface KafkaOptions {
  port?: number;
  directory?: string;
  heapMegabytes?: number;
  /** For tests: less compiling, serial collector, 512 MB heap. */
  quick?: boolean;
  detached?: boolean;
  /** Default 60,000. */
  readyWithinMs?: number;
  /** Broker properties that replace the defaults. */
  properties?: Record<string, string>;
  /** Of the cluster that it is a node of. */
  clusterId?: string;
  /** How long a start may take. */
  readyWithinMs?: number;
  /** More arguments of kafka-storage format, e.g. users. */
  format?: string[];
  say?(line: string): void;
}

export interface RedisOptions {
  port?: number;
  directory?: string;
  /** Added to the command line, e.g. ['--maxmemory', '5mb']. */
  arguments?: string[];
  detached?: boolean;
  say?(line: string): void;
}

export interface StartOptions {
  /** Use these instead of starting a broker. */
  kafkaBrokers?: string | undefined;
  redisUrl?: string | undefined;
  detached?: boolean;
  quick?: boolean;
  properties?: Record<string, string>;
  say?(line: string): void;
}

export interface Services {
  kafkaBrokers: string;
  redisUrl: string;
  how: 'docker' | 'local' | 'given';
  /** Ends what start() started and nothing else. */
  stop(): Promise<void>;
}

export declare const SERVICES_DIRECTORY: string;
export declare class ServicesUnavailable extends Error {}
export declare function start(options?: StartOptions): Promise<Services>;
export declare function startKafka(options?: KafkaOptions): Promise<LocalKafka>;
export declare function startRedis(options?: RedisOptions): Promise<LocalRedis>;
export declare function newClusterId(): string;
export declare function freePort(): Promise<number>;
export declare function hasDocker(): Promise<boolean>;
export declare function kafkaReady(brokers: string, withinMs?: number): Promise<void>;
export declare function redisReady(url: string, withinMs?: number): Promise<void>;
export declare function isOurs(pid: number, directory: string): boolean;
export declare function endProcess(pid: number, directory: string, withinMs?: number): Promise<void>;

export function ensureKcat(say: (line: string) => void): Promise<void>;
