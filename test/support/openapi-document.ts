import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';

/** The OpenAPI document as the tests hold answers against it, and as they make requests from it. */
export type Schema = Record<string, unknown>;

export interface OpenapiParameter {
  name: string;
  in: 'path' | 'query' | 'header';
  schema: Schema;
  example?: string;
}

export interface OpenapiOperation {
  /** Small letters, as the document has it. */
  method: string;
  route: string;
  /** `public`, or the roles that may call it. */
  roles: readonly string[];
  parameters: readonly OpenapiParameter[];
  /** By content type; empty where no body is taken. */
  bodies: Readonly<Record<string, Schema>>;
  responses: Readonly<Record<string, Response>>;
}

/** What of an answer is judged. */
export interface JudgedAnswer {
  status: number;
  contentType: string;
  text: string;
}

interface Response {
  $ref?: string;
  content?: Record<string, unknown>;
}

interface Item {
  parameters?: (OpenapiParameter & { $ref?: string })[];
  'x-role'?: string[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, Response>;
}

export class OpenapiDocument {
  readonly operations: readonly OpenapiOperation[];
  private readonly document: Schema;
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });
  private readonly validators = new Map<string, ValidateFunction | undefined>();

  /** The document as it is served: schemas inlined, so that every reference is within it. */
  constructor(document: Schema) {
    this.document = document;
    addFormats(this.ajv);
    this.ajv.addSchema(document, 'openapi');
    const paths = document['paths'] as Record<string, Record<string, Item> & Item>;
    this.operations = Object.entries(paths).flatMap(([route, item]) =>
      Object.entries(item as Record<string, Item>)
        .filter(([method]) => method !== 'parameters')
        .map(([method, operation]) => ({
          method,
          route,
          roles: operation['x-role'] ?? [],
          parameters: [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(
            (given) => this.resolve(given) as unknown as OpenapiParameter,
          ),
          bodies: Object.fromEntries(Object.entries(operation.requestBody?.content ?? {}).map(([type, { schema }]) => [type, schema])),
          responses: operation.responses,
        })),
    );
  }

  operation(method: string, route: string): OpenapiOperation | undefined {
    return this.operations.find((operation) => operation.method === method && operation.route === route);
  }

  /** What a reference into this document names; anything else as it is. */
  resolve(value: { $ref?: unknown }): Schema {
    let found: { $ref?: unknown } = value;
    while (typeof found.$ref === 'string') {
      const steps = found.$ref
        .slice('#/'.length)
        .split('/')
        .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
      found = steps.reduce<unknown>((at, step) => (at as Schema)[step], this.document) as { $ref?: unknown };
    }
    return found;
  }

  /** Undefined where status, content type and body stand in the document at this operation; otherwise what does not. */
  faultOf(method: string, route: string, { status, contentType, text }: JudgedAnswer): string | undefined {
    const response = this.operation(method, route)?.responses[String(status)];
    if (response === undefined) return `${status} is not documented`;
    if (status === 304) return text === '' ? undefined : 'a 304 with a body';
    const type = contentType.split(';')[0]?.trim() ?? '';
    const validate = this.validator(method, route, status, response, type);
    if (validate === undefined) return `${status} as "${type}" is not documented`;
    let value: unknown = text;
    if (type.includes('json')) {
      try {
        value = JSON.parse(text);
      } catch {
        return `${status} is no JSON`;
      }
    }
    return validate(value) ? undefined : `${status}: ${this.ajv.errorsText(validate.errors)}`;
  }

  private validator(method: string, route: string, status: number, response: Response, type: string): ValidateFunction | undefined {
    const escaped = route.replaceAll('~', '~0').replaceAll('/', '~1');
    const place = response.$ref?.slice(1) ?? `/paths/${escaped}/${method}/responses/${status}`;
    const media = `${place}/content/${type.replaceAll('/', '~1')}`;
    if (!this.validators.has(media)) {
      const content = this.resolve(response)['content'] as Schema | undefined;
      const known = content !== undefined && Object.hasOwn(content, type);
      const reference = `openapi#${media.split('/').map(encodeURIComponent).join('/')}/schema`;
      this.validators.set(media, known ? this.ajv.compile({ $ref: reference }) : undefined);
    }
    return this.validators.get(media);
  }
}
