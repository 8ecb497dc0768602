//! Edits the code that progenitor generates: leaves out, adds, and lays out.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, ensure};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use regex::{Captures, Regex};
use syn::punctuated::Punctuated;
use syn::{Attribute, Field, Fields, File, Item, ItemStruct, Meta, Token, parse_quote, parse_str};

/// What is replaced in the text of the generated tokens.
const EDITS: [(&str, &str); 13] = [
    // The marks of sources. Users of the code do not need them.
    (r" ?\[(page|guide|wechat|library|assumed)\]", ""),
    // A second name for `Client`.
    (r#"# \[doc = r" Items consumers will .*$"#, ""),
    // It unwraps and follows redirects.
    (
        r#"# \[doc = r" Create a new client.*?unwrap \(\) , inner\) \}"#,
        "",
    ),
    (
        r#"# \[doc = r" Construct a new client .*?applicable\."\]"#,
        r#"# [doc = "Makes the client of one call."]"#,
    ),
    // The base address is in the context, where it is parsed once.
    (r"pub \(crate\) baseurl : String ,", ""),
    (r"baseurl : & str ,", ""),
    (r"baseurl : baseurl \. to_string \(\) ,", ""),
    (
        r"self \. baseurl \. as_str",
        "self . inner . base () . as_str",
    ),
    (
        r#"format ! \("\{\}([^;]*?) , self \. baseurl( , [^;]+?)? ,\) ;"#,
        r#"self . inner . url (format_args ! ("$1$2)) ;"#,
    ),
    (r#"header_map \. append \([^;]*"api-version"[^;]*;"#, ""),
    // The map of a method without other headers is empty now.
    (
        r"let mut header_map = [^;]*\(1usize\) ;(.*?)\. headers \(header_map\)",
        "$1",
    ),
    // Every status is decoded by one function.
    (
        r"match response \. status \(\) .*?UnexpectedResponse \(response\)\) , \}",
        "self . decode (response) . await",
    ),
    (
        r"# \[derive \([^)]*:: serde :: Serialize[^)]*\)\]",
        r#"$0 # [cfg_attr (feature = "schemars" , derive (schemars :: JsonSchema))] # [non_exhaustive]"#,
    ),
];

/// What must not be left in the text of the tokens.
const LEFT: [&str; 5] = [
    "mod prelude",
    ". unwrap ()",
    "self . baseurl",
    "\"api-version\"",
    "Error :: UnexpectedResponse",
];

/// Returns the final text of the generated code.
pub(crate) fn polish(tokens: &TokenStream) -> Result<String> {
    let mut code = tokens.to_string();
    for (pattern, replacement) in EDITS {
        let edited = Regex::new(pattern)?.replace_all(&code, replacement);
        code = edited.into_owned();
    }
    for left in LEFT {
        ensure!(
            !code.contains(left),
            "progenitor writes `{left}` in a new way; see polish.rs"
        );
    }
    let mut file: File = parse_str(&split_docs(&code)?)?;
    for item in &mut file.items {
        if let Item::Mod(module) = item
            && let Some((_, items)) = &mut module.content
            && module.ident == "types"
        {
            polish_types(items)?;
        }
    }
    let text = prettyplease::unparse(&file);
    progenitor_impl::space_out_items(text).map_err(|error| anyhow!("{error}"))
}

/// Splits documentation into one comment per line.
fn split_docs(code: &str) -> Result<String> {
    let doc = Regex::new(r#"# \[doc = "((?:[^"\\]|\\.)*)"\]"#)?;
    let split = doc.replace_all(code, |found: &Captures<'_>| {
        let mut lines: Vec<&str> = found[1].split(r"\n").map(str::trim).collect();
        // A line of marks only is empty now.
        lines.dedup();
        lines.pop_if(|line| line.is_empty());
        let lines = lines.iter().map(|line| match *line {
            "" => r#"# [doc = ""]"#.to_owned(),
            line => format!(r#"# [doc = " {line}"]"#),
        });
        lines.collect::<String>()
    });
    Ok(split.into_owned())
}

type Structs = BTreeMap<String, ItemStruct>;

/// Polishes the fields of all structs, and adds constructors and trait implementations.
fn polish_types(items: &mut Vec<Item>) -> Result<()> {
    let structs = items.iter().filter_map(|item| match item {
        Item::Struct(item) => Some((item.ident.to_string(), item.clone())),
        _ => None,
    });
    let structs: Structs = structs.collect();
    for mut item in std::mem::take(items) {
        let mut added = Vec::new();
        if let Item::Struct(item) = &mut item {
            added.extend(envelope(item, &structs));
            added.extend(polish_struct(item, &structs)?);
        }
        items.push(item);
        items.extend(added);
    }
    Ok(())
}

/// Makes a wrong value of an optional field count as absent. Returns `new(required…)` if a field
/// is required, because other crates cannot write a non-exhaustive struct as a literal.
fn polish_struct(item: &mut ItemStruct, structs: &Structs) -> Result<Option<Item>> {
    let (mut parameters, mut values) = (Vec::new(), Vec::new());
    for field in &mut item.fields {
        let mut metas = serde_metas(&field.attrs);
        let Some(ident) = &field.ident else { continue };
        let inner = option(field);
        if inner.is_none() && !metas.iter().any(|meta| meta.path().is_ident("default")) {
            let ty = &field.ty;
            parameters.push(quote!(#ident: #ty));
            values.push(quote!(#ident));
            continue;
        }
        values.push(quote!(#ident: ::std::default::Default::default()));
        let function = match inner.map(|inner| (structs.get(&inner), inner)) {
            // A list, or one with a name of its own.
            None => "crate::lenient::or_default",
            Some((Some(item), _)) if matches!(item.fields, Fields::Unnamed(_)) => {
                "crate::lenient::or_default"
            }
            Some((Some(_), inner)) => {
                // Boxed, so that a response is cheap to move.
                field.ty = parse_str(&format!("{OPTION}::std::boxed::Box<{inner}>>"))?;
                "crate::lenient::object"
            }
            Some((None, _)) => "crate::lenient::optional",
        };
        metas.retain(|meta| !meta.path().is_ident("default"));
        field
            .attrs
            .retain(|attribute| !attribute.path().is_ident("serde"));
        field
            .attrs
            .push(parse_quote!(#[serde(#(#metas,)* default, deserialize_with = #function)]));
    }
    let name = &item.ident;
    let constructor = parse_quote! {
        impl #name {
            #[doc = " Makes the value from its required properties."]
            pub fn new(#(#parameters),*) -> Self {
                Self { #(#values),* }
            }
        }
    };
    Ok((!parameters.is_empty()).then_some(constructor))
}

const OPTION: &str = ":: std :: option :: Option < ";

/// Returns the type of an optional value.
fn option(field: &Field) -> Option<String> {
    let ty = field.ty.to_token_stream().to_string();
    Some(ty.strip_prefix(OPTION)?.strip_suffix(" >")?.to_owned())
}

fn serde_metas(attributes: &[Attribute]) -> Vec<Meta> {
    type Metas = Punctuated<Meta, Token![,]>;
    let serde = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("serde"));
    serde
        .flat_map(|attribute| attribute.parse_args_with(Metas::parse_terminated))
        .flatten()
        .collect()
}

/// Returns the implementation of `Envelope` for a type with a `statusCode`.
fn envelope(item: &ItemStruct, structs: &Structs) -> Option<Item> {
    find(item, "status_code")?;
    let number = |name| match find(item, name) {
        Some(Field { ident, .. }) => quote!(self.#ident.map(crate::scalars::WholeNumber::get)),
        None => quote!(None),
    };
    let text = |name| match find(item, name) {
        Some(Field { ident, .. }) => quote!(self.#ident.as_ref()),
        None => quote!(None),
    };
    let has_error = |item| find(item, "errcode").and(find(item, "errmsg")).is_some();
    let data = find(item, "data").and_then(option);
    let data = data.and_then(|data| structs.get(&data));
    let inner = data.filter(|data| has_error(data)).map(|_| {
        quote!(
            self.data
                .as_ref()
                .map(|data| (data.errcode, data.errmsg.as_ref())),
        )
    });
    let own = has_error(item).then(|| quote!(Some((self.errcode, self.errmsg.as_ref()))));
    let name = &item.ident;
    let [status_code, api_code] = ["status_code", "api_code"].map(number);
    let [message, request_id] = ["message", "request_id"].map(text);
    Some(parse_quote! {
        impl crate::envelope::Envelope for #name {
            fn status_code(&self) -> Option<i64> { #status_code }
            fn message(&self) -> Option<&crate::scalars::UntrustedText> { #message }
            fn api_code(&self) -> Option<i64> { #api_code }
            fn request_id(&self) -> Option<&crate::scalars::IdText> { #request_id }
            fn wechat_error(&self) -> crate::envelope::WechatError<'_> {
                crate::envelope::first_error([#inner #own])
            }
        }
    })
}

fn find<'a>(item: &'a ItemStruct, name: &str) -> Option<&'a Field> {
    let mut fields = item.fields.iter();
    fields.find(|field| field.ident.as_ref().is_some_and(|ident| ident == name))
}
