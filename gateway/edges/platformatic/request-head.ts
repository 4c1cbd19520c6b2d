/**
 * Where the body of a request begins that our encoders have written for an empty client id: after its length, api key, version, correlation
 * id and the length of the client id. The library writes a head of its own.
 */
export const BODY_AT = 4 + 2 + 2 + 4 + 2;
