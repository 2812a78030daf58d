//! The control socket: one JSON request a line, one JSON reply a line. The peer's user id comes from the kernel and
//! overwrites whatever the request says. Knows no command: what a request means is the business of who obeys it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixListener;
use tokio::sync::{mpsc, oneshot};

/// A request is a line; whoever sends more has not written a request.
const LINE_MAX: u64 = 1 << 20;
/// The longest path that fits a socket's address.
const PATH_MAX: usize = 100;

/// A request that waits for its reply.
#[derive(Debug)]
pub struct Asked {
    /// With `uid` as the kernel gave it.
    pub request: Value,
    pub reply: oneshot::Sender<Value>,
}

#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    #[error("the running daemon does not answer")]
    NoAnswer(#[source] std::io::Error),
    #[error("the running daemon speaks another version: restart it")]
    Strange(#[source] serde_json::Error),
}

/// Asks the daemon that runs on this data folder. `None`: none runs, take the lock yourself.
pub fn ask<Q: Serialize, A: DeserializeOwned>(
    data_dir: &Path,
    request: &Q,
    patience: Duration,
) -> Result<Option<A>, ControlError> {
    let (address, _folder) = address(data_dir).map_err(ControlError::NoAnswer)?;
    let mut stream = match UnixStream::connect(address) {
        Ok(stream) => stream,
        // A killed daemon leaves its socket behind.
        Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(e) => return Err(ControlError::NoAnswer(e)),
    };
    let mut answer = String::new();
    let mut line = serde_json::to_string(request).map_err(ControlError::Strange)?;
    line.push('\n');
    stream
        .set_read_timeout(Some(patience))
        .and_then(|()| stream.write_all(line.as_bytes()))
        .and_then(|()| std::io::BufReader::new(&stream).read_line(&mut answer))
        .map_err(ControlError::NoAnswer)?;
    if answer.is_empty() {
        return Err(ControlError::NoAnswer(std::io::ErrorKind::UnexpectedEof.into()));
    }
    serde_json::from_str(&answer).map(Some).map_err(ControlError::Strange)
}

/// Binds the socket of a data folder whose lock is held; a socket that a killed daemon left is replaced.
pub fn listen(data_dir: &Path) -> std::io::Result<UnixListener> {
    let path = path(data_dir);
    match std::fs::remove_file(&path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let (address, _folder) = address(data_dir)?;
    let listener = UnixListener::bind(address)?;
    // The daemon's own user and its group: whoever may write the folder's data.
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o660))?;
    Ok(listener)
}

/// Removes the socket at a graceful end.
pub fn close(data_dir: &Path) {
    let _ = std::fs::remove_file(path(data_dir));
}

/// Serves connections for ever, each by itself: one that says nothing holds up nobody.
pub async fn serve(listener: UnixListener, asked: mpsc::Sender<Asked>) -> std::io::Result<()> {
    loop {
        let (stream, _) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(e) => {
                // Too many open files, most likely: a moment later it may go again.
                tracing::warn!(error = %e.kind(), "control socket");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let asked = asked.clone();
        tokio::spawn(async move {
            let Ok(peer) = stream.peer_cred() else { return };
            let (read, mut write) = stream.into_split();
            let mut lines = BufReader::new(read.take(LINE_MAX)).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                lines.get_mut().get_mut().set_limit(LINE_MAX);
                let reply = match serde_json::from_str(&line) {
                    Ok(Value::Object(mut request)) => {
                        request.insert("uid".into(), json!(peer.uid()));
                        let (reply, answer) = oneshot::channel();
                        if asked.send(Asked { request: Value::Object(request), reply }).await.is_err() {
                            return;
                        }
                        match answer.await {
                            Ok(answer) => answer,
                            Err(_) => return,
                        }
                    }
                    _ => json!({"error": "one JSON object a line"}),
                };
                if write.write_all(format!("{reply}\n").as_bytes()).await.is_err() {
                    return;
                }
            }
        });
    }
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// The path to bind or connect to. A long one is reached through an open folder, which the second value keeps open.
fn address(data_dir: &Path) -> std::io::Result<(PathBuf, Option<File>)> {
    use std::os::fd::AsRawFd;
    let path = path(data_dir);
    if path.as_os_str().len() <= PATH_MAX {
        return Ok((path, None));
    }
    let folder = match File::open(data_dir) {
        Ok(folder) => folder,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(("/nonexistent/control.sock".into(), None)),
        Err(e) => return Err(e),
    };
    Ok((format!("/proc/self/fd/{}/control.sock", folder.as_raw_fd()).into(), Some(folder)))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn echo(data_dir: &Path) {
        let (asked, mut requests) = mpsc::channel::<Asked>(8);
        tokio::spawn(serve(listen(data_dir).expect("a socket"), asked));
        tokio::spawn(async move {
            while let Some(asked) = requests.recv().await {
                let _ = asked.reply.send(json!({"heard": asked.request}));
            }
        });
    }

    async fn asked(data_dir: PathBuf, request: Value) -> Option<Value> {
        let ask =
            move || ask::<Value, Value>(&data_dir, &request, Duration::from_secs(5)).expect("an answer or nobody");
        tokio::task::spawn_blocking(ask).await.expect("no panic")
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_kernels_word_on_who_asks_outranks_the_requests() {
        let dir = tempfile::tempdir().expect("a folder");
        let long = dir.path().join("一个很深的文件夹".repeat(5));
        std::fs::create_dir(&long).expect("a folder");
        let uid = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(dir.path()).expect("there"));
        for data_dir in [dir.path().to_owned(), long] {
            assert_eq!(asked(data_dir.clone(), json!({"command": "x"})).await, None);
            echo(&data_dir).await;
            let answer = asked(data_dir.clone(), json!({"command": "x", "uid": 4242})).await;
            assert_eq!(answer, Some(json!({"heard": {"command": "x", "uid": uid}})));
            let mode = std::fs::metadata(path(&data_dir)).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o660);
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_no_request_gets_an_answer_and_a_silent_peer_holds_up_nobody() {
        let dir = tempfile::tempdir().expect("a folder");
        echo(dir.path()).await;
        let _silent = UnixStream::connect(path(dir.path())).expect("connected");
        assert!(asked(dir.path().to_owned(), json!([1])).await.is_some_and(|a| a.get("error").is_some()));
        assert!(asked(dir.path().to_owned(), json!({"command": "y"})).await.is_some_and(|a| a.get("heard").is_some()));
    }

    #[test]
    fn the_socket_of_a_killed_daemon_is_nobody() {
        let dir = tempfile::tempdir().expect("a folder");
        drop(std::os::unix::net::UnixListener::bind(path(dir.path())).expect("bound"));
        assert!(ask::<_, Value>(dir.path(), &json!({}), Duration::from_secs(1)).expect("nobody").is_none());
    }
}
