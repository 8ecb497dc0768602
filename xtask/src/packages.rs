//! The packages of the workspace, as cargo tells them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::place::project_root;

/// A package of the workspace.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Package {
    /// The name.
    pub name: String,
    /// The features but for the default set, sorted.
    pub features: Vec<String>,
    /// Whether it goes to the registry.
    pub is_published: bool,
    /// What the registry shows of it, and what docs.rs builds.
    pub metadata: serde_json::Value,
    /// The manifest.
    pub manifest: PathBuf,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Fields {
    name: String,
    manifest_path: PathBuf,
    features: BTreeMap<String, serde_json::Value>,
    publish: Option<Vec<String>>,
}

/// The packages of the workspace.
///
/// # Errors
///
/// If cargo cannot tell.
pub fn packages() -> Result<Vec<Package>> {
    let output = Command::new("cargo")
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(project_root())
        .output()
        .context("cargo cannot be started")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cargo metadata: {errors}");
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
    let packages = metadata.packages.into_iter().map(|metadata| {
        let fields: Fields = serde_json::from_value(metadata.clone())?;
        let features = fields.features.into_keys();
        Ok(Package {
            name: fields.name,
            features: features.filter(|feature| feature != "default").collect(),
            // An empty list of registries means none.
            is_published: fields
                .publish
                .is_none_or(|registries| !registries.is_empty()),
            manifest: fields.manifest_path,
            metadata,
        })
    });
    packages.collect()
}

/// The packages that go to the registry.
///
/// # Errors
///
/// If cargo cannot tell.
pub fn published() -> Result<Vec<Package>> {
    let mut packages = packages()?;
    packages.retain(|package| package.is_published);
    Ok(packages)
}
