import { forEachEntry, formality, type Sparse, type SparseDeclaration } from './rule';
import type { Certificate, DangerousGoodsItem, Equipment, Measure, PersonOnboard, PortCallRecord, PortRef } from '../declaration';

/** Where things of one kind stand in a declaration: each kind is listed once, here, for the rules that look at all of them. */
export type Visit<T> = (item: Sparse<T>, place: Place) => void;

/** Gives the JSON Pointer of a thing: written only where there is something to say of it. */
export type Place = () => string;

export function forEachPort(declaration: SparseDeclaration, visit: Visit<PortRef>): void {
  const at = (port: Sparse<PortRef> | null | undefined, place: Place): void => {
    if (port !== undefined && port !== null) visit(port, place);
  };
  const { portCall, ship } = declaration;
  at(portCall?.portOfCall, () => '/portCall/portOfCall');
  at(portCall?.lastPortOfCall, () => '/portCall/lastPortOfCall');
  at(portCall?.nextPortOfCall, () => '/portCall/nextPortOfCall');
  at(ship?.registryPort, () => '/ship/registryPort');
  forEachPortCall(declaration, (call, place) => at(call.port, () => `${place()}/port`));
  forEachPerson(declaration, ({ portOfEmbarkation, portOfDisembarkation }, place) => {
    at(portOfEmbarkation, () => `${place()}/portOfEmbarkation`);
    at(portOfDisembarkation, () => `${place()}/portOfDisembarkation`);
  });
  forEachEntry(formality(declaration, 'cargo')?.consignments, ({ portOfLoading, portOfDischarge }, i) => {
    at(portOfLoading, () => `/formalities/cargo/consignments/${i}/portOfLoading`);
    at(portOfDischarge, () => `/formalities/cargo/consignments/${i}/portOfDischarge`);
  });
  forEachDangerousGoods(declaration, ({ portOfLoading, portOfDischarge }, place) => {
    at(portOfLoading, () => `${place()}/portOfLoading`);
    at(portOfDischarge, () => `${place()}/portOfDischarge`);
  });
  forEachEntry(formality(declaration, 'security')?.shipToShipActivities, ({ location }, i) =>
    at(location, () => `/formalities/security/shipToShipActivities/${i}/location`),
  );
  const waste = formality(declaration, 'waste');
  at(waste?.lastDeliveryPort, () => '/formalities/waste/lastDeliveryPort');
  at(waste?.nextDeliveryPort, () => '/formalities/waste/nextDeliveryPort');
  forEachEntry(waste?.items, ({ remainingDeliveryPort }, i) =>
    at(remainingDeliveryPort, () => `/formalities/waste/items/${i}/remainingDeliveryPort`),
  );
  const health = formality(declaration, 'health');
  at(health?.affectedAreaPort, () => '/formalities/health/affectedAreaPort');
  forEachEntry(health?.cases, ({ evacuationPort }, i) => at(evacuationPort, () => `/formalities/health/cases/${i}/evacuationPort`));
}

export function forEachPortCall(declaration: SparseDeclaration, visit: Visit<PortCallRecord>): void {
  const { portCall } = declaration;
  forEachEntry(portCall?.previousPorts, (call, i) => visit(call, () => `/portCall/previousPorts/${i}`));
  forEachEntry(portCall?.subsequentPorts, (call, i) => visit(call, () => `/portCall/subsequentPorts/${i}`));
  const security = formality(declaration, 'security');
  forEachEntry(security?.lastTenCalls, (call, i) => visit(call, () => `/formalities/security/lastTenCalls/${i}`));
}

export function forEachPerson(declaration: SparseDeclaration, visit: Visit<PersonOnboard>): void {
  const crew = formality(declaration, 'crewList')?.members;
  forEachEntry(crew, (person, i) => visit(person, () => `/formalities/crewList/members/${i}`));
  const passengers = formality(declaration, 'passengerList')?.passengers;
  forEachEntry(passengers, (person, i) => visit(person, () => `/formalities/passengerList/passengers/${i}`));
}

export function forEachDangerousGoods(declaration: SparseDeclaration, visit: Visit<DangerousGoodsItem>): void {
  const declared = formality(declaration, 'dangerousGoods')?.items;
  forEachEntry(declared, (item, i) => visit(item, () => `/formalities/dangerousGoods/items/${i}`));
  forEachEntry(formality(declaration, 'cargo')?.consignments, ({ items }, i) =>
    forEachEntry(items, ({ dangerousGoods }, j) =>
      forEachEntry(dangerousGoods, (item, k) => visit(item, () => `/formalities/cargo/consignments/${i}/items/${j}/dangerousGoods/${k}`)),
    ),
  );
}

export function forEachEquipment(declaration: SparseDeclaration, visit: Visit<Equipment>): void {
  const cargo = formality(declaration, 'cargo')?.equipment;
  forEachEntry(cargo, (item, i) => visit(item, () => `/formalities/cargo/equipment/${i}`));
  const dangerous = formality(declaration, 'dangerousGoods')?.equipment;
  forEachEntry(dangerous, (item, i) => visit(item, () => `/formalities/dangerousGoods/equipment/${i}`));
}

export function forEachCertificate(declaration: SparseDeclaration, visit: Visit<Certificate>): void {
  const at = (certificate: Sparse<Certificate> | undefined, place: Place): void => {
    if (certificate !== undefined) visit(certificate, place);
  };
  at(declaration.ship?.registryCertificate, () => '/ship/registryCertificate');
  at(formality(declaration, 'security')?.issc, () => '/formalities/security/issc');
  at(formality(declaration, 'health')?.sanitationCertificate, () => '/formalities/health/sanitationCertificate');
}

export function forEachMeasure(declaration: SparseDeclaration, visit: Visit<Measure>): void {
  const at = (measure: Sparse<Measure> | undefined, place: Place): void => {
    if (measure !== undefined) visit(measure, place);
  };
  forEachEntry(formality(declaration, 'cargo')?.consignments, ({ items }, i) =>
    forEachEntry(items, ({ grossWeight, grossVolume }, j) => {
      at(grossWeight, () => `/formalities/cargo/consignments/${i}/items/${j}/grossWeight`);
      at(grossVolume, () => `/formalities/cargo/consignments/${i}/items/${j}/grossVolume`);
    }),
  );
  forEachDangerousGoods(declaration, ({ flashpoint, mass, volume }, place) => {
    at(flashpoint, () => `${place()}/flashpoint`);
    at(mass, () => `${place()}/mass`);
    at(volume, () => `${place()}/volume`);
  });
  forEachEntry(formality(declaration, 'shipStores')?.items, ({ quantity }, i) =>
    at(quantity, () => `/formalities/shipStores/items/${i}/quantity`),
  );
  forEachEntry(formality(declaration, 'crewEffects')?.members, ({ effects }, i) =>
    forEachEntry(effects, ({ quantity }, j) => at(quantity, () => `/formalities/crewEffects/members/${i}/effects/${j}/quantity`)),
  );
  forEachEntry(formality(declaration, 'waste')?.items, (item, i) => {
    at(item.toBeDelivered, () => `/formalities/waste/items/${i}/toBeDelivered`);
    at(item.maxStorage, () => `/formalities/waste/items/${i}/maxStorage`);
    at(item.retainedOnboard, () => `/formalities/waste/items/${i}/retainedOnboard`);
    at(item.estimatedGenerated, () => `/formalities/waste/items/${i}/estimatedGenerated`);
  });
}
