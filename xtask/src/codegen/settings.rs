//! What the generator is told: the tables of hand-written types, and the traits of every type.

use openapiv3::OpenAPI;
use progenitor::{GenerationSettings, HooksMode, InterfaceStyle, TypeImpl, TypePatch};
use schemars08::schema::{InstanceType, SchemaObject};

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

/// The settings for a document.
pub(crate) fn settings(openapi: &OpenAPI) -> GenerationSettings {
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Positional)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote::quote!(crate::hooks::CallContext))
        .with_map_type("::std::collections::BTreeMap");
    for (instance_type, format, scalar) in SCALARS {
        let schema = SchemaObject {
            instance_type: Some((*instance_type).into()),
            format: Some((*format).to_owned()),
            ..SchemaObject::default()
        };
        settings.with_conversion(schema, scalar, std::iter::empty::<TypeImpl>());
    }
    for (schema, tolerant) in TOLERANT {
        settings.with_replacement(schema, tolerant, std::iter::empty::<TypeImpl>());
    }
    let mut growable = TypePatch::default();
    growable
        .with_attr("#[non_exhaustive]")
        .with_attr("#[cfg_attr(feature = \"schemars\", derive(schemars::JsonSchema))]");
    for name in openapi
        .components
        .iter()
        .flat_map(|components| components.schemas.keys())
    {
        settings.with_patch(name, &growable);
    }
    settings
}
