//! What an SMTP server's refusal means. Texts are looked at before the number: Chinese providers say "550" for
//! throttling and "535" for a wrong kind of password. Pure.

/// The meaning of a refusal; the channel adds its reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meaning {
    BadAddress,
    BadMessage,
    ChannelDown,
    Throttled { seconds: u32 },
    Passing,
}

/// Where in the dialogue the refusal came: a 550 to the login is not about an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// Greeting, EHLO, STARTTLS, AUTH, NOOP.
    Session,
    /// MAIL FROM: our own address.
    Sender,
    Recipient,
    /// DATA and the message itself.
    Content,
}

const HOUR: u32 = 3600;

/// Phrases in lower case, what they mean, whatever the number.
const PHRASES: &[(&str, Meaning)] = &[
    // QQ and exmail: 550 Connection/Ip/Domain/Sender frequency limited.
    ("frequency limited", Meaning::Throttled { seconds: HOUR }),
    ("frequency limit", Meaning::Throttled { seconds: HOUR }),
    ("too many connections", Meaning::Throttled { seconds: 60 }),
    ("too many messages", Meaning::Throttled { seconds: HOUR }),
    ("quota exceeded for sending", Meaning::Throttled { seconds: HOUR }),
    // NetEase: 421 HL, 450/451 MI are limits; "DT:SPM, please try again" is a request to come back.
    ("hl:", Meaning::Throttled { seconds: HOUR }),
    ("mi:dmc", Meaning::Throttled { seconds: HOUR }),
    ("mi:sfq", Meaning::Throttled { seconds: HOUR }),
    ("mi:cel", Meaning::Throttled { seconds: HOUR }),
    ("mi:rp:", Meaning::Throttled { seconds: HOUR }),
    ("please try again", Meaning::Throttled { seconds: 120 }),
    ("dt:spm", Meaning::BadMessage),
    ("mail content denied", Meaning::BadMessage),
    ("suspected spam", Meaning::BadMessage),
    ("user suspended", Meaning::ChannelDown),
    ("authentication failed", Meaning::ChannelDown),
    ("authentication required", Meaning::ChannelDown),
    ("must issue a starttls", Meaning::ChannelDown),
    ("relay access denied", Meaning::ChannelDown),
    ("relaying denied", Meaning::ChannelDown),
    ("mail from must equal authorized user", Meaning::ChannelDown),
    ("mailbox full", Meaning::Passing),
    ("greylist", Meaning::Passing),
    ("user unknown", Meaning::BadAddress),
    ("unknown user", Meaning::BadAddress),
    ("no such user", Meaning::BadAddress),
    ("user not found", Meaning::BadAddress),
    ("mailbox not found", Meaning::BadAddress),
    ("mailbox unavailable or access denied", Meaning::BadAddress),
];

/// What a refusal means. `text` may hold the enhanced status (`5.1.1 …`).
pub fn meaning(stage: Stage, code: u16, text: &str) -> Meaning {
    let text = text.to_lowercase();
    if let Some((_, meaning)) = PHRASES.iter().find(|(phrase, _)| text.contains(phrase)) {
        let about_an_address = *meaning == Meaning::BadAddress;
        // "User unknown" to MAIL FROM or AUTH speaks of ourselves.
        return match stage {
            Stage::Session | Stage::Sender if about_an_address => Meaning::ChannelDown,
            _ => *meaning,
        };
    }
    let enhanced = enhanced_status(&text);
    match code {
        400..=499 => match (code, enhanced) {
            (454, _) if stage == Stage::Session => Meaning::ChannelDown,
            (450 | 451, Some((4, 7, _))) => Meaning::Throttled { seconds: 120 },
            _ => Meaning::Passing,
        },
        530 | 534 | 535 | 538 => Meaning::ChannelDown,
        _ if matches!(stage, Stage::Session | Stage::Sender) => Meaning::ChannelDown,
        _ => match (code, enhanced) {
            // The mailbox is full: it may be emptied.
            (552, Some((5, 2, 2))) => Meaning::Passing,
            (_, Some((5, 7, 8 | 9 | 11))) => Meaning::ChannelDown,
            (_, Some((5, 1, _) | (5, 2, 1))) => Meaning::BadAddress,
            (_, Some((5, 3 | 6 | 7, _))) => Meaning::BadMessage,
            (552 | 554, _) => Meaning::BadMessage,
            _ if stage == Stage::Content => Meaning::BadMessage,
            (550 | 551 | 553, _) => Meaning::BadAddress,
            (501 | 503 | 555, _) => Meaning::BadAddress,
            _ => Meaning::BadMessage,
        },
    }
}

/// `5.1.1` at the head of a reply.
fn enhanced_status(text: &str) -> Option<(u8, u8, u16)> {
    let word = text.split_whitespace().next()?;
    let mut parts = word.split('.');
    let status = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Meaning::*;

    #[test]
    fn a_refused_recipient_is_read_by_text_then_enhanced_status_then_number() {
        fn check(code: u16, text: &str, expected: Meaning) {
            assert_eq!(meaning(Stage::Recipient, code, text), expected, "{code} {text}");
        }
        check(450, "4.2.0 <a@b>: Recipient address rejected: come back later", Passing);
        check(450, "4.7.1 too fast", Throttled { seconds: 120 });
        check(451, "4.3.0 local error", Passing);
        check(452, "4.2.2 over quota", Passing);
        check(421, "4.4.2 timeout", Passing);
        check(421, "HL:REP 163 smtp", Throttled { seconds: HOUR });
        check(450, "MI:SFQ 163", Throttled { seconds: HOUR });
        check(451, "DT:SPM 163, please try again", Throttled { seconds: 120 });
        check(550, "5.1.1 <a@b>: Recipient address rejected: no mailbox", BadAddress);
        check(550, "5.1.10 null MX", BadAddress);
        check(550, "User unknown", BadAddress);
        check(550, "Sender frequency limited", Throttled { seconds: HOUR });
        check(550, "Mail content denied", BadMessage);
        check(550, "User suspended", ChannelDown);
        check(551, "user not local", BadAddress);
        check(553, "mailbox name not allowed", BadAddress);
        check(552, "5.2.2 mailbox over quota", Passing);
        check(552, "5.3.4 message too big", BadMessage);
        check(554, "5.7.1 rejected", BadMessage);
        check(550, "5.7.1 policy", BadMessage);
        check(554, "5.7.1 <a@b>: Relay access denied", ChannelDown);
        check(530, "5.7.0 Must issue a STARTTLS command first", ChannelDown);
        check(535, "5.7.8 Error: authentication failed", ChannelDown);
    }

    #[test]
    fn a_refusal_outside_the_recipient_is_never_blamed_on_the_address() {
        fn check(stage: Stage, code: u16, text: &str, expected: Meaning) {
            assert_eq!(meaning(stage, code, text), expected, "{stage:?} {code} {text}");
        }
        check(Stage::Session, 550, "5.1.1 user unknown", ChannelDown);
        check(Stage::Session, 554, "no service for you", ChannelDown);
        check(Stage::Session, 421, "service not available", Passing);
        check(Stage::Session, 454, "4.7.0 TLS not available", ChannelDown);
        check(Stage::Sender, 553, "Mail from must equal authorized user", ChannelDown);
        check(Stage::Sender, 550, "no such user here", ChannelDown);
        check(Stage::Content, 550, "rejected", BadMessage);
        check(Stage::Content, 554, "DT:SPM", BadMessage);
        check(Stage::Content, 451, "4.3.0 queue file write error", Passing);
    }
}
