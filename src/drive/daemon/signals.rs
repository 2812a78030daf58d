//! Signals: SIGTERM and SIGINT end gracefully, SIGHUP reloads. A file that hits its size limit (SIGXFSZ) is an error
//! of the write and not the death of the process.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    Stop,
    Reload,
}

/// SIGXFSZ on every Linux that Rust runs on except MIPS.
const SIGXFSZ: i32 = 25;

pub fn listen() -> std::io::Result<mpsc::Receiver<Signal>> {
    let (send, receive) = mpsc::channel(8);
    for (kind, meaning) in [
        (SignalKind::terminate(), Signal::Stop),
        (SignalKind::interrupt(), Signal::Stop),
        (SignalKind::hangup(), Signal::Reload),
    ] {
        let mut signals = signal(kind)?;
        let send = send.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                if send.send(meaning).await.is_err() {
                    return;
                }
            }
        });
    }
    survive_size_limits()?;
    Ok(receive)
}

/// A handler in place of the default, which kills without a word. The write then fails with EFBIG.
pub fn survive_size_limits() -> std::io::Result<()> {
    let mut size = signal(SignalKind::from_raw(SIGXFSZ))?;
    tokio::spawn(async move { while size.recv().await.is_some() {} });
    Ok(())
}
