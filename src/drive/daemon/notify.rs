//! Signs of life for whoever watches: systemd's readiness, status and watchdog, and the heartbeat's file. Without
//! systemd they say nothing.

use sd_notify::NotifyState;
use std::path::Path;
use std::time::Duration;

pub fn ready() {
    tell(&[NotifyState::Ready]);
}

pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

pub fn status(text: &str) {
    tell(&[NotifyState::Status(text)]);
}

/// Only a finished engine step calls this.
pub fn watchdog() {
    tell(&[NotifyState::Watchdog]);
}

/// How often the watchdog must be fed at least; `None`: nobody watches.
pub fn watchdog_every() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

fn tell(states: &[NotifyState<'_>]) {
    // Whoever watches will notice the silence; there is nothing else to do about it.
    let _ = sd_notify::notify(states);
}

/// Writes the heartbeat's file anew. On a full disk this fails, and the silence is the alarm.
pub fn touch(path: &Path, text: &str) -> std::io::Result<()> {
    let part = path.with_extension("part");
    std::fs::write(&part, text)?;
    std::fs::rename(part, path)
}
