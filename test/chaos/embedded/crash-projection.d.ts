export const PARTITIONS: number;
export const TOPIC: string;
export const GROUP: string;
export const SLOTS: number;
export function valueOf(number: number): Buffer;
export function slotOf(number: number): number;
