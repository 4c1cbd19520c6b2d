import { callDate, viewOf, type Rule } from '../../runtime/assessment';
import { found } from '../codes';

/** The certificate of registry must last to the day of the call. One that was not given is seen on board. */
export const certificates: Rule = (request) => {
  const certificate = viewOf(request).ship?.registryCertificate;
  if (certificate === undefined) return [];
  if (certificate.valid === false)
    return [
      found('HM-CERTIFICATE-INVALID', {
        en: 'The certificate of registry is declared as not valid: show a valid one before berthing.',
        vi: 'Giấy chứng nhận đăng ký tàu được khai là không còn hiệu lực: xuất trình giấy hợp lệ trước khi cập cầu.',
      }),
    ];
  if (certificate.expiryDate === undefined || certificate.expiryDate >= callDate(request)) return [];
  return [
    found('HM-CERTIFICATE-EXPIRED', {
      en: `The certificate of registry ends on ${certificate.expiryDate}, before the call: show a valid one before berthing.`,
      vi: `Giấy chứng nhận đăng ký tàu hết hạn ngày ${certificate.expiryDate}, trước chuyến tàu: xuất trình giấy hợp lệ trước khi cập cầu.`,
    }),
  ];
};
