import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { readSettings } from '../config/settings';
import { loadRules } from '../config/load-rules';
import servicesSchema from '../schemas/services.schema.json';
import { createServiceCatalogue } from './service-catalogue';

const rules = loadRules(readSettings({}));
const catalogue = createServiceCatalogue(rules) as unknown as {
  items: {
    code: string;
    hotline: null;
    ruleSets: { ruleSet: string; documents: { formality: string; hoursBefore: number; decides?: { agency: string } }[] }[];
  }[];
};

test('the catalogue follows its schema', () => {
  const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
  addFormats(ajv);
  const validate = ajv.compile(servicesSchema);
  validate(catalogue);
  expect(validate.errors).toBeNull();
});

test('every declaration type that an agency is asked about is a service', () => {
  const asked = new Set(rules.agencies.flatMap((agency) => agency.declarationTypes));
  const offered = (createServiceCatalogue(rules).items as { declarationType: string }[]).map((item) => item.declarationType);
  expect(offered.sort()).toEqual([...asked].sort());
});

test('documents and times are those of each dated rule set', () => {
  const arrival = catalogue.items.find((item) => item.code === 'ship-arrival');
  const hours = (ruleSet: string, formality: string) =>
    arrival?.ruleSets.find((entry) => entry.ruleSet === ruleSet)?.documents.find((document) => document.formality === formality)
      ?.hoursBefore;
  expect([hours('nd-85-2019', 'health'), hours('nd-336-2026', 'health')]).toEqual([2, 12]);
  expect([hours('nd-85-2019', 'dangerousGoods'), hours('nd-336-2026', 'dangerousGoods')]).toEqual([8, 24]);
});

test('each document names who decides on it, and no hot line is made up', () => {
  for (const item of catalogue.items) {
    expect(item.hotline).toBeNull();
    for (const { documents } of item.ruleSets) for (const document of documents) expect(document.decides?.agency).toBeDefined();
  }
});
