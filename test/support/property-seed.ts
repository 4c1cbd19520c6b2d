import fc from 'fast-check';

/**
 * Properties run on a fixed seed, so that a red suite is red again for whoever looks; `FC_SEED=$RANDOM npx jest …` explores others, and
 * what that finds becomes a test of its own.
 */
const seed = Number(process.env['FC_SEED'] ?? 20_261_124);
fc.configureGlobal({ seed });
