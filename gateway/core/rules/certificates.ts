import type { Problem } from '../problem';
import { problem } from '../problem-catalogue';
import type { Rule } from './rule';
import { forEachCertificate, forEachPerson } from './walk';

/** A certificate or travel document is valid on the day the declaration was sent. Its last day counts. */
export const certificates: Rule = (declaration) => {
  const problems: Problem[] = [];
  const sentOn = declaration.header?.sentAt?.slice(0, 10);
  if (sentOn === undefined) return problems;
  forEachCertificate(declaration, ({ expiryDate }, place) => {
    if (expiryDate !== undefined && expiryDate < sentOn)
      problems.push(problem('certificate-expired', { pointer: `${place()}/expiryDate` }));
  });
  forEachPerson(declaration, ({ travelDocument }, place) => {
    if (travelDocument?.expiryDate !== undefined && travelDocument.expiryDate < sentOn)
      problems.push(
        problem(
          'certificate-expired',
          { pointer: `${place()}/travelDocument/expiryDate` },
          { en: 'The travel document had expired when the message was sent.', vi: 'Giấy tờ đi lại đã hết hạn khi gửi.' },
        ),
      );
  });
  return problems;
};
