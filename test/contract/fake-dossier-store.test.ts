import { FakeDossierStore, FakeStoreData } from '../support/fake-dossier-store';
import { dossierStoreContract } from './dossier-store';

dossierStoreContract('the fake store', () => {
  const data = new FakeStoreData();
  return Promise.resolve({
    store: new FakeDossierStore(data),
    another: () => Promise.resolve(new FakeDossierStore(data)),
    end: () => Promise.resolve(),
  });
});
