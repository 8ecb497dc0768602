//! What the generator is told: the tables of hand-written types, and the traits of every type.

use openapiv3::OpenAPI;
use progenitor::{GenerationSettings, HooksMode, InterfaceStyle, TypeImpl, TypePatch};
use schemars08::schema::{InstanceType, SchemaObject};

use crate::corrections::{Case, identifier};

/// The generator's version, which the generated file names; the workspace pins the same.
pub(crate) const PROGENITOR_VERSION: &str = "0.15.1";

/// Formats of the document, and the hand-written scalar that each stands for.
const SCALARS: &[(InstanceType, &str, &str)] = &[
    (InstanceType::String, "secret", "crate::scalars::Secret"),
    (
        InstanceType::String,
        "phone-number",
        "crate::scalars::PhoneNumber",
    ),
    (
        InstanceType::String,
        "country-code",
        "crate::scalars::CountryCode",
    ),
    (
        InstanceType::String,
        "untrusted-text",
        "crate::scalars::UntrustedText",
    ),
    (
        InstanceType::Integer,
        "whole-number",
        "crate::scalars::WholeNumber",
    ),
];

/// Schemas that a hand-written tolerant type reads, because the service's answers differ in shape.
const TOLERANT: &[(&str, &str)] = &[
    (
        "GetWechatMiniProgramPhoneReply",
        "crate::reply::Reply<crate::reply::PhoneData>",
    ),
    ("ErrorRespDto", "crate::reply::Reply"),
    ("WechatCountryCode", "crate::scalars::CountryCode"),
];

/// Whether a format is one of our own: it chooses a hand-written type, and says nothing of JSON.
pub(crate) fn is_own_format(format: &str) -> bool {
    SCALARS.iter().any(|(_, own, _)| *own == format)
}

/// The settings for a document.
pub(crate) fn settings(openapi: &OpenAPI) -> GenerationSettings {
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Positional)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote::quote!(crate::hooks::CallContext))
        .with_map_type("::std::collections::BTreeMap");
    convert(&mut settings, SCALARS);
    for (schema, tolerant) in TOLERANT {
        settings.with_replacement(schema, tolerant, std::iter::empty::<TypeImpl>());
    }
    patch(
        &mut settings,
        openapi,
        &[
            "#[non_exhaustive]",
            "#[cfg_attr(feature = \"schemars\", derive(schemars::JsonSchema))]",
        ],
    );
    settings
}

/// The scalars of a crate that stands alone.
const STANDALONE_SCALARS: &[(InstanceType, &str, &str)] = &[
    (
        InstanceType::String,
        "hidden-text",
        "crate::scalars::HiddenText",
    ),
    (
        InstanceType::Integer,
        "whole-number",
        "crate::scalars::WholeNumber",
    ),
];

/// The settings for a crate that stands alone.
pub(crate) fn standalone(openapi: &OpenAPI) -> GenerationSettings {
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Positional)
        .with_hooks(HooksMode::Expected)
        .with_map_type("::std::collections::BTreeMap");
    convert(&mut settings, STANDALONE_SCALARS);
    patch(&mut settings, openapi, &["#[non_exhaustive]"]);
    settings
}

/// Maps formats to hand-written types.
fn convert(settings: &mut GenerationSettings, scalars: &[(InstanceType, &str, &str)]) {
    for (instance_type, format, scalar) in scalars {
        let schema = SchemaObject {
            instance_type: Some((*instance_type).into()),
            format: Some((*format).to_owned()),
            ..SchemaObject::default()
        };
        settings.with_conversion(schema, scalar, std::iter::empty::<TypeImpl>());
    }
}

/// Puts attributes on every type that the document names.
fn patch(settings: &mut GenerationSettings, openapi: &OpenAPI, attributes: &[&str]) {
    let mut patch = TypePatch::default();
    for attribute in attributes {
        patch.with_attr(attribute);
    }
    for name in openapi
        .components
        .iter()
        .flat_map(|components| components.schemas.keys())
    {
        // The generator looks a type up by its Rust name.
        let spelled = identifier(name, Case::Pascal).unwrap_or_else(|| name.clone());
        settings.with_patch(spelled, &patch);
    }
}
