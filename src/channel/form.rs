//! Form: a request by templates, read once when the channel opens and filled for each letter or question.
//! Must not put a URL, a header or a body into a reason: they hold secrets, phones and names.

use super::template::{Place, environment, name};
use crate::domain::message::{Lang, run as words};
use crate::domain::policy::HttpRequest;
use minijinja::{Environment, Value};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

pub struct Form {
    method: Method,
    templates: Environment<'static>,
    url: String,
    headers: Vec<(HeaderName, String)>,
    body: Option<String>,
    content_type: &'static str,
    lang: Lang,
}

/// What goes out.
pub struct Filled {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Option<String>,
}

impl Form {
    pub fn open(request: &HttpRequest, lang: Lang) -> Result<Form, String> {
        let method = Method::from_bytes(request.method.to_ascii_uppercase().as_bytes())
            .map_err(|_| words::gateway_bad_method(lang, &request.method))?;
        let mut templates = environment();
        let mut add = |place: Place, part: &str, source: &str| {
            let name = name(place, part);
            let added = templates.add_template_owned(name.clone(), source.to_owned());
            added.map_err(|e| words::gateway_template_broken(lang, part, said(&e)))?;
            Ok::<_, String>(name)
        };
        let url = add(Place::Url, "url", &request.url)?;
        let mut headers = Vec::new();
        let mut declared = None;
        for (header, value) in &request.headers {
            let parsed =
                HeaderName::from_bytes(header.as_bytes()).map_err(|_| words::gateway_bad_header(lang, header))?;
            if parsed == CONTENT_TYPE {
                declared = Some(value.as_str());
            }
            headers.push((parsed, add(Place::Plain, header, value)?));
        }
        let place = Place::of_body(declared, &request.body);
        let body = (!request.body.is_empty()).then(|| add(place, "body", &request.body)).transpose()?;
        Ok(Form { method, templates, url, headers, body, content_type: place.content_type(), lang })
    }

    pub fn fill(&self, facts: &Value) -> Result<Filled, String> {
        let url = Url::parse(&self.render(&self.url, "url", facts)?).map_err(|_| words::gateway_bad_url(self.lang))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(words::gateway_bad_url(self.lang));
        }
        let mut headers = HeaderMap::new();
        for (header, template) in &self.headers {
            let value = self.render(template, header.as_str(), facts)?;
            let mut value =
                HeaderValue::from_bytes(value.as_bytes()).map_err(|_| words::gateway_bad_header(self.lang, header))?;
            value.set_sensitive(true);
            headers.insert(header, value);
        }
        let body = match &self.body {
            None => None,
            Some(template) => {
                headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(self.content_type));
                Some(self.render(template, "body", facts)?)
            }
        };
        Ok(Filled { method: self.method.clone(), url, headers, body })
    }

    fn render(&self, template: &str, part: &str, facts: &Value) -> Result<String, String> {
        let rendered = self.templates.get_template(template).and_then(|t| t.render(facts));
        rendered.map_err(|e| words::gateway_template_broken(self.lang, part, said(&e)))
    }
}

/// A template error without its source line, which may hold a secret's surroundings.
fn said(e: &minijinja::Error) -> String {
    match (e.detail(), e.line()) {
        (Some(detail), Some(line)) => format!("{} ({}), {line}", e.kind(), detail),
        (Some(detail), None) => format!("{} ({detail})", e.kind()),
        (None, _) => e.kind().to_string(),
    }
}
