import { RetryBudget } from './retry-budget';

const policy = { perCall: 0.25, perSecond: 1, maxTokens: 2 };

describe('the retry budget', () => {
  it('allows a burst, then a share of the calls', () => {
    const budget = new RetryBudget(policy);
    expect([budget.tryTake(0), budget.tryTake(0), budget.tryTake(0)]).toEqual([true, true, false]);
    for (let calls = 0; calls < 3; calls++) budget.deposit();
    expect(budget.tryTake(0)).toBe(false);
    budget.deposit();
    expect([budget.tryTake(0), budget.tryTake(0)]).toEqual([true, false]);
  });

  it('allows a few a second when there are no new calls, and never more than the burst', () => {
    const budget = new RetryBudget(policy);
    budget.tryTake(0);
    budget.tryTake(0);
    expect([budget.tryTake(999), budget.tryTake(1000)]).toEqual([false, true]);
    expect([budget.tryTake(60_000), budget.tryTake(60_000), budget.tryTake(60_000)]).toEqual([true, true, false]);
  });

  it('gives nothing for a clock that goes back', () => {
    const budget = new RetryBudget(policy);
    budget.tryTake(5000);
    budget.tryTake(5000);
    expect(budget.tryTake(0)).toBe(false);
  });
});
