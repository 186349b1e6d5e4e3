import { expect } from 'chai';
import { errorOf } from './lab.ts';
import { auth, Meeting } from './meeting.ts';
import { refusals } from './refusals.ts';

describe('a registry that is a stranger', function () {
  this.timeout(60_000);

  for (const [name, { image: served, on, act, code, text }] of Object.entries(refusals))
    it(`is refused with ${name}`, async () => {
      await using meeting = await Meeting.begin(served?.());
      if (on !== undefined && act !== undefined) meeting.stranger.on(on, act);
      const error = await errorOf(meeting.pull({ auth }));
      expect(error, error.message).to.include({ code });
      if (text !== undefined) expect(error.message).to.match(text);
      meeting.expectNothingLeft(code === 'unavailable');
    });
});
