/** The exchange sets records aside too, so the making of a dead letter stands in gateway/wire. */
export { DEAD_LETTERS_TOPIC, deadLetterRecord, openDeadLetter } from '../../gateway/wire/dead-letter';
