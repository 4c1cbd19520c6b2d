import { FakeLogData, FakeMessageLog } from '../support/fake-message-log';
import { messageLogContract } from './message-log';

messageLogContract('the fake', () => {
  const data = new FakeLogData();
  return Promise.resolve({
    open: () => Promise.resolve(new FakeMessageLog(data)),
    deleteUntil: (topic, partition, before) => Promise.resolve(data.deleteUntil(topic, partition, before)),
    dispose: () => Promise.resolve(),
  });
});
