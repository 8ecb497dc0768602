//! Edits the code that progenitor generates: leaves out, adds, and lays out.

use anyhow::{Result, anyhow, ensure};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use regex::{Captures, Regex};
use syn::{
    Field, Fields, Ident, ImplItem, Item, ItemImpl, ItemMod, ItemStruct, parse_quote, parse2,
};

/// The marks of sources at the end of descriptions. Users of the code do not need them.
const MARKS: [&str; 5] = ["[page]", "[guide]", "[wechat]", "[library]", "[assumed]"];

/// The edits of the code that is the same for every property: patterns and their replacements.
const EDITS: &[(&str, &str)] = &[
    // Asserts the hooks, which no method calls.
    (r"(?s)const _: \(\) = \{.*?\n\};\n", ""),
    // A second name for `Client`.
    (r"(?s)pub mod prelude \{.*?\n\}\n", ""),
    (r"/// Items consumers .*\n", ""),
    // `Client::new` unwraps and follows redirects.
    (
        r"(?s)/// Create a new client\..*pub fn new_with_client",
        "/// Makes the client of one call.\npub fn new_with_client",
    ),
    // The base address is in the context, where it is parsed.
    (r"(pub\(crate\) )?baseurl: .*,\n", ""),
    (r"self\.baseurl\.as_str", "self.inner.base.url().as_str"),
    (
        r#"format!\(\s*"\{\}([^;]*?),\s+self\.baseurl(,\s[^;]*?)?,?\s*\);"#,
        r#"self.inner.base.join(format_args!("$1$2));"#,
    ),
    // The `api-version` header, with the map if there is no other header.
    (
        r"(?s)let mut header_map = [^;]*\(1usize\);(.*?)\.headers\(header_map\)",
        "$1",
    ),
    (r#"header_map\s*\.append\([^;]*"api-version"[^;]*;"#, ""),
    // One function follows the request, and decodes every status.
    (
        r"(?s)let info = OperationInfo.*?\n {4}\}\n",
        "self.exchange(request).await }\n",
    ),
    (
        r"(?s)-> Result<\s*ResponseValue<(.*?)>,\s*Error<[^{]*\{",
        "-> Result<$1, Error> {",
    ),
    // The attributes of every type.
    (
        r"\n    pub (struct|enum) ",
        "\n#[cfg_attr(feature = \"schemars\", derive(schemars::JsonSchema))]\n#[non_exhaustive]$0",
    ),
];

/// Returns the final text of the generated code.
pub(crate) fn polish(tokens: TokenStream) -> Result<String> {
    let mut text = prettyplease::unparse(&parse2(tokens)?);
    for (pattern, replacement) in EDITS {
        let edited = Regex::new(pattern)?.replace_all(&text, *replacement);
        text = edited.into_owned();
    }
    for left in ["\"api-version\"", "baseurl:", "self.baseurl", ".unwrap()"] {
        ensure!(
            !text.contains(left),
            "progenitor writes `{left}` in a new way"
        );
    }
    let comments = Regex::new(r"(?ms)/\*\*(.*?)\*/|///(.*?)$")?;
    let mut file = syn::parse_file(&comments.replace_all(&text, doc_lines))?;
    for item in &mut file.items {
        if let Item::Mod(ItemMod { content, .. }) = item
            && let Some((_, items)) = content
        {
            complete_types(items);
        }
    }
    let text = prettyplease::unparse(&file);
    progenitor_impl::space_out_items(text).map_err(|error| anyhow!("{error}"))
}

/// Splits documentation into one comment per line, without the marks of sources.
fn doc_lines(comment: &Captures<'_>) -> String {
    let text = comment.iter().flatten().last();
    let text = text.map_or("", |text| text.as_str()).to_owned();
    let text = MARKS.iter().fold(text, |text, mark| text.replace(mark, ""));
    let mut lines: Vec<&str> = text.lines().map(str::trim).collect();
    // A line of marks only is empty now.
    lines.dedup();
    lines.pop_if(|line| line.is_empty());
    let lines = lines.iter().map(|line| format!("/// {line}\n"));
    lines.collect::<String>().replace("/// \n", "///\n")
}

/// Adds what depends on the properties: lenient decoding, constructors and envelopes.
fn complete_types(items: &mut Vec<Item>) {
    let structs = items.iter().filter_map(|item| match item {
        Item::Struct(item) => Some(item.clone()),
        _ => None,
    });
    let structs: Vec<ItemStruct> = structs.collect();
    for mut item in std::mem::take(items) {
        let mut added = Vec::new();
        if let Item::Struct(item) = &mut item {
            added.extend(constructor(item));
            added.extend(envelope(item, &structs));
            let optional = item.fields.iter_mut().filter(|field| is_optional(field));
            optional.for_each(|field| make_lenient(field, &structs));
        }
        items.push(item);
        items.extend(added);
    }
}

/// Returns whether `new` may leave out a property. It may not if the property has a default, because
/// it would send another value.
fn is_optional(field: &Field) -> bool {
    let mut attributes = field.attrs.iter().map(ToTokens::to_token_stream);
    attributes.any(|tokens| tokens.to_string().contains("skip_serializing_if"))
}

/// Returns `new(required…)`, because other crates cannot write a non-exhaustive struct as a
/// literal.
fn constructor(item: &ItemStruct) -> Option<Item> {
    let fields = item.fields.iter().filter(|field| field.ident.is_some());
    let (optional, required): (Vec<_>, Vec<_>) = fields.partition(|field| is_optional(field));
    let parameters = required
        .iter()
        .map(|Field { ident, ty, .. }| quote!(#ident: #ty));
    let names = required.iter().map(|field| &field.ident);
    let optional = optional.iter().map(|field| &field.ident);
    let name = &item.ident;
    let constructor = parse_quote! {
        impl #name {
            #[doc = " Makes the value from its required properties."]
            pub fn new(#(#parameters),*) -> Self {
                Self { #(#names,)* #(#optional: ::std::default::Default::default()),* }
            }
        }
    };
    (!required.is_empty()).then_some(constructor)
}

/// Returns the struct inside an `Option`.
fn optional_struct<'a>(field: &Field, structs: &'a [ItemStruct]) -> Option<&'a ItemStruct> {
    let ty = field.ty.to_token_stream().to_string();
    let is_inside = |name: &Ident| quote!(::std::option::Option<#name>).to_string() == ty;
    structs.iter().find(|item| is_inside(&item.ident))
}

/// Makes a wrong value of an optional field count as absent.
fn make_lenient(field: &mut Field, structs: &[ItemStruct]) {
    let ty = field.ty.to_token_stream().to_string();
    let is_option = ty.starts_with(":: std :: option :: Option <");
    let function = match optional_struct(field, structs) {
        Some(item) if matches!(item.fields, Fields::Named(_)) => {
            let name = &item.ident;
            // Boxed, so that a response is cheap to move.
            field.ty = parse_quote!(::std::option::Option<::std::boxed::Box<#name>>);
            "crate::lenient::object"
        }
        None if is_option => "crate::lenient::optional",
        // A list or a map, perhaps with a name of its own.
        _ => "crate::lenient::or_default",
    };
    // On a list or a map, typify has written it.
    let default = is_option.then(|| quote!(default,));
    let serde = parse_quote!(#[serde(#default deserialize_with = #function)]);
    field.attrs.push(serde);
}

fn property<'a>(item: &'a ItemStruct, name: &str) -> Option<&'a Field> {
    let has_name = |field: &&Field| field.ident.as_ref().is_some_and(|ident| ident == name);
    item.fields.iter().find(has_name)
}

/// Returns the implementation of `Envelope` for a type with a `statusCode`.
fn envelope(item: &ItemStruct, structs: &[ItemStruct]) -> Option<Item> {
    property(item, "status_code")?;
    let has = |item, name: &str| property(item, name).is_some();
    let has_error = |item| has(item, "errcode") && has(item, "errmsg");
    let data = property(item, "data").and_then(|field| optional_struct(field, structs));
    let name = &item.ident;
    let mut envelope: ItemImpl = parse_quote! {
        impl crate::envelope::Envelope for #name {
            fn status_code(&self) -> Option<i64> { self.status_code.map(|number| number.get()) }
            fn message(&self) -> Option<&crate::scalars::UntrustedText> { self.message.as_ref() }
            fn api_code(&self) -> Option<i64> { self.api_code.map(|number| number.get()) }
            fn request_id(&self) -> Option<&crate::scalars::IdText> { self.request_id.as_ref() }
            fn data_error(&self) -> Option<crate::envelope::WechatError<'_>> {
                let data = self.data.as_ref()?;
                Some((data.errcode.map(|number| number.get()), data.errmsg.as_ref()))
            }
            fn own_error(&self) -> Option<crate::envelope::WechatError<'_>> {
                Some((self.errcode.map(|number| number.get()), self.errmsg.as_ref()))
            }
        }
    };
    // A method without its property would not compile; the trait returns `None`.
    envelope.items.retain(|method| match method {
        ImplItem::Fn(method) => match method.sig.ident.to_string().as_str() {
            "data_error" => data.is_some_and(has_error),
            "own_error" => has_error(item),
            name => has(item, name),
        },
        _ => true,
    });
    Some(Item::Impl(envelope))
}
