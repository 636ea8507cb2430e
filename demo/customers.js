// @ts-check
// What a CRM would read from its database.
export const customers = [
  { id: 'c-101', name: 'Inés Carvajal', company: 'Astrolabe Travel', city: 'Madrid', stage: 'Customer', phones: ['+34911085460', '+34666555444'] },
  { id: 'c-102', name: 'John Doe', company: 'Doe Logistics', city: 'Dublin', stage: 'Customer', phones: ['+35315550142'] },
  { id: 'c-103', name: 'Jennifer Doe', company: 'Doe Logistics', city: 'Cork', stage: 'Renewal', phones: ['+353215550119', '+353875550177'] },
  { id: 'c-104', name: 'Mateo Brugnara', company: 'Officina Brugnara', city: 'Torino', stage: 'Offer', phones: ['+390115550163'] },
  { id: 'c-105', name: 'Aylin Şahin', company: 'Kervan Textiles', city: 'İzmir', stage: 'Customer', phones: ['+902325550188'] },
  { id: 'c-106', name: 'Zoë Lindqvist', company: 'Nordljus Studio', city: 'Göteborg', stage: 'Renewal', phones: ['+46315550107', '+46705550161'] },
  { id: 'c-107', name: 'Tomasz Wrona', company: 'Wrona & Syn', city: 'Gdańsk', stage: 'Lead', phones: ['+48585550133'] },
  { id: 'c-108', name: 'Amara Okafor', company: 'Harbourline Freight', city: 'Lagos', stage: 'Offer', phones: ['+23415550129'] },
  { id: 'c-109', name: 'Liu Wen', company: 'Jade Peak Tea', city: 'Chengdu', stage: 'Lead', phones: ['+862855550171'] },
  { id: 'c-110', name: 'Margaret O’Hara', company: 'O’Hara Instruments', city: 'Galway', stage: 'Customer', phones: ['+353915550154'] },
];

/** Extensions and lines of softframe-server. @type {[string, string][]} */
export const lines = [
  ['600', 'tone'], ['601', 'echo'], ['602', 'busy'], ['603', 'no answer'], ['604', 'declines'],
  ['605', 'early media'], ['606', 'hangs up after 5 s'], ['607', 'reads DTMF'],
];

/** @param {string} number */
const digits = (number) => String(number).replace(/[^0-9]/g, '');

/** By number, as it came with the call. @param {string} number */
export const byNumber = (number) =>
  digits(number) === '' ? undefined : customers.find(({ phones }) => phones.some((phone) => digits(phone) === digits(number)));
