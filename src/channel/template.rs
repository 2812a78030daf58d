//! Templates of gateway requests: minijinja, strict, with the filters that gateways ask for. What is filled in is
//! escaped for the place it stands in, so that a quotation mark in a text cannot break a body or a URL.

use hmac::{Hmac, KeyInit, Mac};
use minijinja::value::{Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior};
use sha2::{Digest, Sha256};

/// What surrounds a value that is filled in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// A string inside JSON.
    Json,
    /// A URL or a form body.
    Url,
    Xml,
    Plain,
}

impl Place {
    /// How a body is escaped: by its declared type, else by its looks.
    pub fn of_body(content_type: Option<&str>, body: &str) -> Self {
        let declared = content_type.unwrap_or_default().to_ascii_lowercase();
        let looks = body.trim_start();
        let expression = looks.starts_with("{{") || looks.starts_with("{%") || looks.starts_with("{#");
        if declared.contains("json") && !expression {
            Place::Json
        } else if declared.contains("form-urlencoded") {
            Place::Url
        } else if declared.contains("xml") {
            Place::Xml
        } else if !declared.is_empty() || expression {
            Place::Plain
        } else if looks.starts_with('{') || looks.starts_with('[') {
            Place::Json
        } else if looks.starts_with('<') {
            Place::Xml
        } else if looks.split_once('=').is_some_and(|(name, _)| !name.is_empty() && name.chars().all(is_of_a_name)) {
            Place::Url
        } else {
            Place::Plain
        }
    }

    /// The content type that goes out when the configuration names none.
    pub fn content_type(self) -> &'static str {
        match self {
            Place::Json => "application/json",
            Place::Url => "application/x-www-form-urlencoded",
            Place::Xml => "application/xml; charset=utf-8",
            Place::Plain => "text/plain; charset=utf-8",
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Place::Json => "json",
            Place::Url => "url",
            Place::Xml => "xml",
            Place::Plain => "plain",
        }
    }
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.[]".contains(c)
}

/// The environment with all templates of one gateway. A template's name is made by `name`, so that its place is known.
pub fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|name| match name.split(' ').next() {
        Some("json") => AutoEscape::Custom("json".into()),
        Some("url") => AutoEscape::Custom("url".into()),
        Some("xml") => AutoEscape::Html,
        _ => AutoEscape::None,
    });
    env.set_formatter(format);
    env.add_filter("json", to_json);
    env.add_filter("tojson", to_json);
    env.add_filter("urlencode", |value: Value| bytes_of(&value).map(|b| Value::from_safe_string(percent(&b))));
    env.add_filter("base64", |value: Value| {
        use base64::Engine;
        bytes_of(&value).map(|b| base64::engine::general_purpose::STANDARD.encode(b))
    });
    env.add_filter("sha256", |value: Value| bytes_of(&value).map(|b| hex::encode(Sha256::digest(b))));
    env.add_filter("md5", |value: Value| bytes_of(&value).map(|b| hex::encode(md5::Md5::digest(b))));
    env.add_filter("hmac_sha256", |value: Value, key: Value| {
        let mut mac = Hmac::<Sha256>::new_from_slice(&bytes_of(&key)?)
            .map_err(|e| Error::new(ErrorKind::InvalidOperation, e.to_string()))?;
        mac.update(&bytes_of(&value)?);
        Ok::<_, Error>(hex::encode(mac.finalize().into_bytes()))
    });
    env.add_filter("unhex", |value: Value| {
        let bytes = hex::decode(bytes_of(&value)?);
        bytes.map(Value::from_bytes).map_err(|e| Error::new(ErrorKind::InvalidOperation, e.to_string()))
    });
    env.add_filter("gbk", |value: Value| {
        let bytes = bytes_of(&value)?;
        let text = String::from_utf8_lossy(&bytes);
        Ok::<_, Error>(Value::from_bytes(encoding_rs::GB18030.encode(&text).0.into_owned()))
    });
    env
}

/// The name under which a template of that place is stored; it shows in messages.
pub fn name(place: Place, part: &str) -> String {
    format!("{} {part}", place.prefix())
}

fn format(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.kind() == ValueKind::Bytes {
        return Err(Error::new(ErrorKind::InvalidOperation, "bytes need urlencode, base64 or a digest after them"));
    }
    let written = match state.auto_escape() {
        // Safe: a filter has made it fit for this place.
        AutoEscape::Custom(_) if value.is_safe() => value.to_string(),
        AutoEscape::Custom(place) if place == "json" => in_json(&value.to_string()),
        AutoEscape::Custom(_) => percent(value.to_string().as_bytes()),
        _ => return minijinja::escape_formatter(out, state, value),
    };
    out.write_str(&written).map_err(|_| Error::new(ErrorKind::WriteFailure, "no memory"))
}

/// A value as JSON; a map's keys come out sorted.
fn to_json(value: Value) -> Result<Value, Error> {
    Ok(Value::from_safe_string(json_of(&value)?.to_string()))
}

fn json_of(value: &Value) -> Result<serde_json::Value, Error> {
    use serde_json::Value as Json;
    Ok(match value.kind() {
        ValueKind::None => Json::Null,
        ValueKind::Bool => Json::Bool(value.is_true()),
        ValueKind::String => Json::String(value.to_string()),
        ValueKind::Number => match i64::try_from(value.clone()) {
            Ok(whole) => Json::from(whole),
            Err(_) => Json::from(f64::try_from(value.clone())?),
        },
        ValueKind::Seq | ValueKind::Iterable => {
            Json::Array(value.try_iter()?.map(|item| json_of(&item)).collect::<Result<_, _>>()?)
        }
        ValueKind::Map => {
            let mut map = serde_json::Map::new();
            for key in value.try_iter()? {
                map.insert(key.to_string(), json_of(&value.get_item(&key)?)?);
            }
            Json::Object(map)
        }
        ValueKind::Undefined => return Err(Error::from(ErrorKind::UndefinedError)),
        _ => return Err(Error::new(ErrorKind::BadSerialization, "this value has no JSON form")),
    })
}

/// A text's UTF-8, bytes as they are, anything else as it would be written.
fn bytes_of(value: &Value) -> Result<Vec<u8>, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    Ok(value.as_bytes().map_or_else(|| value.to_string().into_bytes(), <[u8]>::to_vec))
}

/// The inside of a JSON string.
fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::String(text.to_owned()).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// RFC 3986: everything but letters, digits and `-._~`.
fn percent(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 3);
    for &b in bytes {
        if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(place: Place, template: &str) -> Result<String, Error> {
        let mut env = environment();
        let name = name(place, "body");
        env.add_template_owned(name.clone(), template.to_owned())?;
        env.get_template(&name)?.render(minijinja::context! {
            text => "他说：“\"好\"”\n再见&a=1\\", phone => "13900000001", secret => minijinja::context! { key => "k+y" },
        })
    }

    #[test]
    fn what_is_filled_in_cannot_break_out_of_its_place() {
        fn check(place: Place, template: &str, expected: &str) {
            assert_eq!(render(place, template).expect("it renders"), expected);
        }
        check(Place::Json, r#"{"t":"{{ text }}"}"#, r#"{"t":"他说：“\"好\"”\n再见&a=1\\"}"#);
        check(Place::Json, r#"{"t":{{ text | json }}}"#, r#"{"t":"他说：“\"好\"”\n再见&a=1\\"}"#);
        check(Place::Url, "k={{ secret.key }}", "k=k%2By");
        check(Place::Url, "k={{ secret.key | urlencode }}", "k=k%2By");
        check(Place::Url, "t={{ '好' | gbk | urlencode }}", "t=%BA%C3");
        check(Place::Xml, "<t>{{ '<&' }}</t>", "<t>&lt;&amp;</t>");
        check(Place::Plain, r#"{{ {"p": phone} | json }}"#, r#"{"p":"13900000001"}"#);
        check(Place::Plain, r#"{{ {"p": phone} | json | base64 }}"#, "eyJwIjoiMTM5MDAwMDAwMDEifQ==");
    }

    #[test]
    fn digests_are_those_of_everybody_else() {
        fn check(template: &str, expected: &str) {
            assert_eq!(render(Place::Plain, template).expect("it renders"), expected);
        }
        check("{{ 'abc' | md5 }}", "900150983cd24fb0d6963f7d28e17f72");
        check("{{ 'abc' | sha256 }}", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        // RFC 4231, test case 2.
        check(
            "{{ 'what do ya want for nothing?' | hmac_sha256('Jefe') }}",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        );
        check("{{ '616263' | unhex | base64 }}", "YWJj");
        // 云MAS norsubmit: md5(ecName + apId + secretKey + mobiles + content + sign + addSerial).
        check(
            "{{ ('某某镇人民政府' ~ 'town' ~ 'mas-secret' ~ '13800' ~ '138000' ~ '张三今日未到校' ~ 'SIGNCODE1' ~ '') | md5 }}",
            "c8a38e7f3259918e351a95b42da3bb5c",
        );
    }

    #[test]
    fn an_unknown_variable_is_an_error_and_never_an_empty_text() {
        assert!(render(Place::Json, "{{ texts }}").is_err());
        assert!(render(Place::Plain, "{{ texts | md5 }}").is_err());
        assert!(render(Place::Url, "{{ secret.other }}").is_err());
        assert!(render(Place::Plain, "{{ text | gbk }}").is_err());
    }

    #[test]
    fn a_body_is_escaped_by_its_declared_type_else_by_its_looks() {
        fn check(content_type: Option<&str>, body: &str, expected: Place) {
            assert_eq!(Place::of_body(content_type, body), expected, "{body}");
        }
        check(None, r#"{"to":"{{ phone }}"}"#, Place::Json);
        check(None, "to={{ phone }}&text={{ text }}", Place::Url);
        check(None, "<sms>{{ text }}</sms>", Place::Xml);
        check(None, "{{ {\"p\": phone} | json }}", Place::Plain);
        check(None, "SEND {{ phone }}", Place::Plain);
        check(Some("application/json; charset=utf-8"), r#" {"a":1}"#, Place::Json);
        check(Some("application/x-www-form-urlencoded"), "{{ a }}", Place::Url);
        check(Some("text/plain"), "a=b", Place::Plain);
    }
}
