//! The web client as the relay serves it: packed, under its policy, and nothing else than its files.
//!
//! `make test` builds the client first. A relay that was built without it says so, and these tests too.

use fieldfolio_tests::real::RealSchool;

/// The start page as the relay answers it: status, headers, body.
fn get(url: &str, headers: &[(&str, &str)]) -> ureq::http::Response<ureq::Body> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut request = agent.get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.call().expect("a relay that runs answers")
}

fn header<'a>(answer: &'a ureq::http::Response<ureq::Body>, name: &str) -> &'a str {
    answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The first script that the start page names; `None` for a relay without the client.
fn script(start: &str) -> Option<String> {
    let at = start.find("src=\"/assets/")?;
    let rest = &start[at + 5..];
    Some(rest[..rest.find('"')?].to_owned())
}

#[test]
fn the_relay_serves_the_web_client_under_a_policy_that_lets_nothing_else_in() {
    let school = RealSchool::start().unwrap();
    let url = school.url.clone();
    let mut start = get(&format!("{url}/"), &[("Accept-Encoding", "identity")]);
    let policy = header(&start, "content-security-policy").to_owned();
    let page = start.body_mut().read_to_string().unwrap();
    let Some(script) = script(&page) else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "the relay was built without its web client");
        eprintln!("SKIPPED: the relay was built without its web client: make web");
        return;
    };
    for part in ["default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(policy.contains("require-trusted-types-for 'script'"), "{policy}");
    assert!(!policy.contains("unsafe-inline") && !policy.contains("http"), "{policy}");
    assert!(!page.contains("<style") && !page.contains("onclick"), "nothing inline");
    assert_eq!(header(&start, "cache-control"), "no-cache");
    assert_eq!(header(&start, "x-content-type-options"), "nosniff");
    assert_eq!(header(&start, "referrer-policy"), "no-referrer");

    let tag = header(&start, "etag").to_owned();
    let again = get(&format!("{url}/"), &[("If-None-Match", &tag), ("Accept-Encoding", "identity")]);
    assert_eq!(again.status(), 304);

    let packed = get(&format!("{url}{script}"), &[("Accept-Encoding", "gzip, br")]);
    assert_eq!(header(&packed, "content-encoding"), "br");
    assert!(header(&packed, "cache-control").contains("immutable"));
    assert_eq!(header(&packed, "content-type"), "text/javascript; charset=utf-8");
    let refused = get(&format!("{url}{script}"), &[("Accept-Encoding", "br;q=0, gzip")]);
    assert_eq!(header(&refused, "content-encoding"), "gzip");
    assert_eq!(get(&format!("{url}/sw.js"), &[]).status(), 200);
}

#[test]
fn names_that_are_no_page_open_nothing() {
    let school = RealSchool::start().unwrap();
    let url = &school.url;
    for path in [
        "/Cargo.toml",
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/assets/../../Cargo.toml",
        "/assets/%2e%2e/%2e%2e/server/Cargo.toml",
        "/index.html/",
        "//etc/passwd",
        "/fieldfolio.toml",
        "/relay.db",
        "/assets/",
    ] {
        assert_eq!(get(&format!("{url}{path}"), &[]).status(), 404, "{path}");
    }
}
