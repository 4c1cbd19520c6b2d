import { entriesOf, formality, type Sparse, type SparseDeclaration } from './rule';
import type { Certificate, DangerousGoodsItem, Equipment, Measure, PersonOnboard, PortCallRecord, PortRef } from '../declaration';

/** Where things of one kind stand in a declaration: each kind is listed once, here, for the rules that look at all of them. */
export type Visit<T> = (item: Sparse<T>, pointer: string) => void;

export function forEachPort(declaration: SparseDeclaration, visit: Visit<PortRef>): void {
  const at = (port: Sparse<PortRef> | null | undefined, pointer: string): void => {
    if (port !== undefined && port !== null) visit(port, pointer);
  };
  const { portCall, ship } = declaration;
  at(portCall?.portOfCall, '/portCall/portOfCall');
  at(portCall?.lastPortOfCall, '/portCall/lastPortOfCall');
  at(portCall?.nextPortOfCall, '/portCall/nextPortOfCall');
  at(ship?.registryPort, '/ship/registryPort');
  forEachPortCall(declaration, (call, pointer) => at(call.port, `${pointer}/port`));
  forEachPerson(declaration, (person, pointer) => {
    at(person.portOfEmbarkation, `${pointer}/portOfEmbarkation`);
    at(person.portOfDisembarkation, `${pointer}/portOfDisembarkation`);
  });
  for (const [i, consignment] of entriesOf(formality(declaration, 'cargo')?.consignments)) {
    at(consignment.portOfLoading, `/formalities/cargo/consignments/${i}/portOfLoading`);
    at(consignment.portOfDischarge, `/formalities/cargo/consignments/${i}/portOfDischarge`);
  }
  forEachDangerousGoods(declaration, (item, pointer) => {
    at(item.portOfLoading, `${pointer}/portOfLoading`);
    at(item.portOfDischarge, `${pointer}/portOfDischarge`);
  });
  for (const [i, activity] of entriesOf(formality(declaration, 'security')?.shipToShipActivities))
    at(activity.location, `/formalities/security/shipToShipActivities/${i}/location`);
  const waste = formality(declaration, 'waste');
  at(waste?.lastDeliveryPort, '/formalities/waste/lastDeliveryPort');
  at(waste?.nextDeliveryPort, '/formalities/waste/nextDeliveryPort');
  for (const [i, item] of entriesOf(waste?.items)) at(item.remainingDeliveryPort, `/formalities/waste/items/${i}/remainingDeliveryPort`);
  const health = formality(declaration, 'health');
  at(health?.affectedAreaPort, '/formalities/health/affectedAreaPort');
  for (const [i, patient] of entriesOf(health?.cases)) at(patient.evacuationPort, `/formalities/health/cases/${i}/evacuationPort`);
}

export function forEachPortCall(declaration: SparseDeclaration, visit: Visit<PortCallRecord>): void {
  for (const [i, call] of entriesOf(declaration.portCall?.previousPorts)) visit(call, `/portCall/previousPorts/${i}`);
  for (const [i, call] of entriesOf(declaration.portCall?.subsequentPorts)) visit(call, `/portCall/subsequentPorts/${i}`);
  for (const [i, call] of entriesOf(formality(declaration, 'security')?.lastTenCalls))
    visit(call, `/formalities/security/lastTenCalls/${i}`);
}

export function forEachPerson(declaration: SparseDeclaration, visit: Visit<PersonOnboard>): void {
  for (const [i, person] of entriesOf(formality(declaration, 'crewList')?.members)) visit(person, `/formalities/crewList/members/${i}`);
  for (const [i, person] of entriesOf(formality(declaration, 'passengerList')?.passengers))
    visit(person, `/formalities/passengerList/passengers/${i}`);
}

export function forEachDangerousGoods(declaration: SparseDeclaration, visit: Visit<DangerousGoodsItem>): void {
  for (const [i, item] of entriesOf(formality(declaration, 'dangerousGoods')?.items)) visit(item, `/formalities/dangerousGoods/items/${i}`);
  for (const [i, consignment] of entriesOf(formality(declaration, 'cargo')?.consignments))
    for (const [j, item] of entriesOf(consignment.items))
      for (const [k, dangerous] of entriesOf(item.dangerousGoods))
        visit(dangerous, `/formalities/cargo/consignments/${i}/items/${j}/dangerousGoods/${k}`);
}

export function forEachEquipment(declaration: SparseDeclaration, visit: Visit<Equipment>): void {
  for (const [i, item] of entriesOf(formality(declaration, 'cargo')?.equipment)) visit(item, `/formalities/cargo/equipment/${i}`);
  for (const [i, item] of entriesOf(formality(declaration, 'dangerousGoods')?.equipment))
    visit(item, `/formalities/dangerousGoods/equipment/${i}`);
}

export function forEachCertificate(declaration: SparseDeclaration, visit: Visit<Certificate>): void {
  const at = (certificate: Sparse<Certificate> | undefined, pointer: string): void => {
    if (certificate !== undefined) visit(certificate, pointer);
  };
  at(declaration.ship?.registryCertificate, '/ship/registryCertificate');
  at(formality(declaration, 'security')?.issc, '/formalities/security/issc');
  at(formality(declaration, 'health')?.sanitationCertificate, '/formalities/health/sanitationCertificate');
}

export function forEachMeasure(declaration: SparseDeclaration, visit: Visit<Measure>): void {
  const at = (measure: Sparse<Measure> | undefined, pointer: string): void => {
    if (measure !== undefined) visit(measure, pointer);
  };
  for (const [i, consignment] of entriesOf(formality(declaration, 'cargo')?.consignments))
    for (const [j, item] of entriesOf(consignment.items)) {
      at(item.grossWeight, `/formalities/cargo/consignments/${i}/items/${j}/grossWeight`);
      at(item.grossVolume, `/formalities/cargo/consignments/${i}/items/${j}/grossVolume`);
    }
  forEachDangerousGoods(declaration, (item, pointer) => {
    at(item.flashpoint, `${pointer}/flashpoint`);
    at(item.mass, `${pointer}/mass`);
    at(item.volume, `${pointer}/volume`);
  });
  for (const [i, item] of entriesOf(formality(declaration, 'shipStores')?.items))
    at(item.quantity, `/formalities/shipStores/items/${i}/quantity`);
  for (const [i, member] of entriesOf(formality(declaration, 'crewEffects')?.members))
    for (const [j, effect] of entriesOf(member.effects)) at(effect.quantity, `/formalities/crewEffects/members/${i}/effects/${j}/quantity`);
  for (const [i, item] of entriesOf(formality(declaration, 'waste')?.items)) {
    at(item.toBeDelivered, `/formalities/waste/items/${i}/toBeDelivered`);
    at(item.maxStorage, `/formalities/waste/items/${i}/maxStorage`);
    at(item.retainedOnboard, `/formalities/waste/items/${i}/retainedOnboard`);
    at(item.estimatedGenerated, `/formalities/waste/items/${i}/estimatedGenerated`);
  }
}
