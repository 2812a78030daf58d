//! What comes from gateways by itself: replies are obeyed once however often they come, receipts find their letter by our
//! id or by the gateway's.

use super::command::{self, Request};
use super::{StepError, courier};
use crate::domain::Time;
use crate::domain::ids::{ChannelId, LetterId};
use crate::domain::letter::Incoming;
use crate::domain::policy::Policy;
use crate::store::{Db, outbox};

/// Takes in what a channel's gateway handed out or brought. An error leaves what was not taken for the next time.
pub fn take(db: &mut Db, policy: &Policy, now: Time, channel: &ChannelId, came: &[Incoming]) -> Result<(), StepError> {
    for one in came {
        match one {
            Incoming::Reply { from, text, key } => {
                let digest = db.vault().digest("incoming", &format!("{channel} {key}"));
                if outbox::has_come(db.conn(), &digest)? {
                    continue;
                }
                // Obeyed first: a death in between may obey it twice (which says "already taken on"), never lose it.
                command::obey(db, policy, now, &Request::Reply { from: from.clone(), text: text.clone() })?;
                db.write(|tx| Ok::<_, StepError>(outbox::note_incoming(tx, &digest, now)?))?;
            }
            Incoming::Receipt { id, delivered } => {
                let ours = LetterId::parse(id).filter(|l| is_of(db, *l, channel));
                let letter = match ours {
                    Some(letter) => Some(letter),
                    None => outbox::by_gateway_id(db.conn(), channel, id)?,
                };
                if let Some(letter) = letter {
                    courier::receipt(db, policy, now, letter, *delivered)?;
                }
            }
        }
    }
    Ok(())
}

/// A gateway speaks of its own letters only.
fn is_of(db: &Db, letter: LetterId, channel: &ChannelId) -> bool {
    matches!(outbox::letter(db.conn(), letter), Ok(Some(l)) if l.channel == *channel)
}
