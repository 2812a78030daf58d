//! Where a gateway, or a relay in front of it, brings replies and receipts: one path that nobody guesses on a loopback
//! address. Answered only when everything is written down, so that the gateway brings again what was not.

use super::incoming;
use crate::domain::letter::Incoming;
use crate::domain::policy::Inbound;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// A hundred replies and receipts at once are a few tens of kilobytes.
const BROUGHT_MAX: usize = 1024 * 1024;

/// What was brought, and whom to tell that it is written down.
pub struct Brought {
    pub came: Vec<Incoming>,
    pub written: oneshot::Sender<bool>,
}

struct Desk {
    inbound: Inbound,
    answer: String,
    hand_over: mpsc::Sender<Brought>,
}

/// Listens until it is dropped. Another path, another method and what is too large are refused without a word.
///
/// # Errors
/// The address cannot be listened on. `inbound` without a callback ends at once.
pub async fn serve(inbound: Inbound, hand_over: mpsc::Sender<Brought>) -> std::io::Result<()> {
    let Some(callback) = inbound.callback.clone() else { return Ok(()) };
    let listener = tokio::net::TcpListener::bind(&callback.listen).await?;
    let desk = Arc::new(Desk { inbound, answer: callback.answer, hand_over });
    let routes =
        Router::new().route(&callback.path, post(take)).layer(DefaultBodyLimit::max(BROUGHT_MAX)).with_state(desk);
    axum::serve(listener, routes).await
}

async fn take(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> Response {
    let declared = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let is_form = declared.to_ascii_lowercase().contains("form-urlencoded");
    let came = incoming::read(&desk.inbound, &body, is_form);
    if !came.is_empty() {
        let (written, is_written) = oneshot::channel();
        let handed = desk.hand_over.send(Brought { came, written }).await.is_ok();
        if !handed || !is_written.await.unwrap_or(false) {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    }
    let kind = if desk.answer.trim_start().starts_with(['{', '[']) { "application/json" } else { "text/plain" };
    ([(CONTENT_TYPE, HeaderValue::from_static(kind))], desk.answer.clone()).into_response()
}
