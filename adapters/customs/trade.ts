import type { RequestMessage } from '../../gateway/core/messages';
import { declarationTypeOf, viewOf, type AgencyView } from '../runtime/assessment';

export type ViewedConsignment = NonNullable<
  NonNullable<NonNullable<NonNullable<AgencyView['formalities']>['cargo']>['consignments']>[number]
>;
export type ViewedItem = NonNullable<ViewedConsignment['items']>[number];

/** What happens to a consignment in this port: it comes in, goes out, or only passes. */
export type Trade = 'import' | 'export' | 'passing';

export function consignmentsOf(request: RequestMessage): ViewedConsignment[] {
  return viewOf(request).formalities?.cargo?.consignments ?? [];
}

export function tradeOf(consignment: ViewedConsignment, request: RequestMessage): Trade {
  const here = viewOf(request).portCall?.portOfCall?.unLocode;
  switch (consignment.operation) {
    case 'discharge':
      return 'import';
    case 'load':
      return 'export';
    case 'transit':
    case 'remain':
      return 'passing';
    case undefined: {
      const departs = declarationTypeOf(request) === 'departure';
      const port = (departs ? consignment.portOfLoading : consignment.portOfDischarge)?.unLocode;
      if (port !== undefined && here !== undefined && port !== here) return 'passing';
      return departs ? 'export' : 'import';
    }
  }
}

/** How an item is named to the declarant: bill and item number. */
export function itemName(consignment: ViewedConsignment, item: ViewedItem | undefined): string {
  const bill = consignment.transportContractNumber ?? '?';
  return item?.itemNumber === undefined ? bill : `${bill}/${item.itemNumber}`;
}
