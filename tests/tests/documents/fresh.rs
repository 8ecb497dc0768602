//! What is checked in is what the document says: the generated client, the sandbox's copy.

use xtask::codegen;

/// The same function as `cargo xtask codegen --check`.
#[test]
fn generated_files_are_fresh() {
    for output in codegen::outputs().unwrap() {
        if let Some(diff) = output.stale().unwrap() {
            panic!(
                "{diff}\n{} is stale; run `{}`",
                output.path.display(),
                codegen::COMMAND
            );
        }
    }
}

#[test]
fn the_generator_writes_the_same_bytes_every_time() {
    let texts = || -> Vec<String> {
        codegen::outputs()
            .unwrap()
            .into_iter()
            .map(|output| output.text)
            .collect()
    };
    assert_eq!(texts(), texts());
}

#[test]
fn the_sandbox_serves_the_document() {
    let served: serde_json::Value =
        serde_json::from_str(authing_sandbox::OPENAPI_DOCUMENT).unwrap();
    let path = xtask::project_root().join("openapi/authing.yaml");
    assert_eq!(
        served,
        xtask::document::Document::read(&path).unwrap().value
    );
}
