import type { Problem } from '../problem';
import { problem } from '../problem-catalogue';
import { forEachEntry, formality, type Rule } from './rule';

/** What reportedFormalities announces and this declaration does not carry: it may follow by its due time. */
export const announcedFormalities: Rule = (declaration) => {
  const problems: Problem[] = [];
  forEachEntry(declaration.reportedFormalities, (name, i) => {
    if (formality(declaration, name) === undefined)
      problems.push(
        problem(
          'formality-announced-missing',
          { pointer: `/reportedFormalities/${i}` },
          {
            en: `${name} is announced but not in the declaration; send it by its due time.`,
            vi: `Chứng từ ${name} được thông báo nhưng chưa có; gửi trước hạn.`,
          },
        ),
      );
  });
  return problems;
};
