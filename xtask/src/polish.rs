//! Edits the code that progenitor generates: leaves out, adds, and lays out.

use anyhow::{Result, anyhow, ensure};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use regex::{Captures, Regex};
use syn::{Field, Fields, File, Item, ItemStruct, parse_quote, parse_str};

/// What is replaced in the text of the generated tokens.
const EDITS: [(&str, &str); 14] = [
    // The marks of sources. Users of the code do not need them.
    (r" ?\[(page|guide|wechat|library|assumed)\]", ""),
    // A second name for `Client`.
    (r#"# \[doc = r" Items consumers will .*$"#, ""),
    // `Client::new` unwraps and follows redirects.
    (
        r#"# \[doc = r" Create a new client.*?pub fn new_with_client"#,
        r#"# [doc = "Makes the client of one call."] pub fn new_with_client"#,
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
    // A wrong value of an optional property counts as absent.
    (
        r#"default , (skip_serializing_if = "::[^"]*::is_empty")"#,
        r#"$1 , default , deserialize_with = "crate::lenient::or_default""#,
    ),
    (
        r#"skip_serializing_if = "::std::option::Option::is_none""#,
        r#"$0 , default , deserialize_with = "crate::lenient::optional""#,
    ),
];

/// Returns the final text of the generated code.
pub(crate) fn polish(tokens: &TokenStream) -> Result<String> {
    let mut code = tokens.to_string();
    for (pattern, replacement) in EDITS {
        let edited = Regex::new(pattern)?.replace_all(&code, replacement);
        code = edited.into_owned();
    }
    for left in ["\"api-version\"", "Error :: UnexpectedResponse"] {
        ensure!(
            !code.contains(left),
            "progenitor writes `{left}` in a new way; see polish.rs"
        );
    }
    let mut file: File = parse_str(&split_docs(&select_functions(code)?)?)?;
    for item in &mut file.items {
        if let Item::Mod(module) = item
            && let Some((_, items)) = &mut module.content
            && module.ident == "types"
        {
            add_implementations(items);
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

/// Selects the function for optional fields whose type is a struct of the generated code.
fn select_functions(mut code: String) -> Result<String> {
    for (open, function, ty) in [
        // A list, a map or a text with a name of its own.
        (r"\(", "or_default", "$2"),
        // Boxed, so that a response is cheap to move.
        (r"\{", "object", ":: std :: boxed :: Box < $2 >"),
    ] {
        let names = Regex::new(&format!(r"pub struct (\w+) {open}"))?;
        let names = names.captures_iter(&code).map(|found| found[1].to_owned());
        let names = names.collect::<Vec<_>>().join("|");
        let field =
            format!(r#"optional("\)\] pub \w+ : :: std :: option :: Option <) ({names}) >"#);
        let edited = format!("{function}$1 {ty} >");
        code = Regex::new(&field)?.replace_all(&code, edited).into_owned();
    }
    Ok(code)
}

/// Adds constructors and trait implementations to the types.
fn add_implementations(items: &mut Vec<Item>) {
    let structs = items.iter().filter_map(|item| match item {
        Item::Struct(item) if matches!(item.fields, Fields::Named(_)) => Some(item.clone()),
        _ => None,
    });
    let structs: Vec<_> = structs.collect();
    items.extend(structs.iter().filter_map(constructor));
    items.extend(structs.iter().filter_map(|item| envelope(item, &structs)));
}

/// Returns `new(required…)`, because other crates cannot write a non-exhaustive struct as a
/// literal.
fn constructor(item: &ItemStruct) -> Option<Item> {
    let is_required = |field: &&Field| {
        let mut attributes = field.attrs.iter();
        !attributes.any(|attribute| {
            let is_serde = attribute.path().is_ident("serde");
            is_serde && attribute.to_token_stream().to_string().contains("default")
        })
    };
    let (required, optional): (Vec<_>, Vec<_>) = item.fields.iter().partition(is_required);
    let names: Vec<_> = required.iter().map(|field| &field.ident).collect();
    let types = required.iter().map(|field| &field.ty);
    let optional = optional.iter().map(|field| &field.ident);
    let name = &item.ident;
    let constructor = parse_quote! {
        impl #name {
            #[doc = " Makes the value from its required properties."]
            pub fn new(#(#names: #types),*) -> Self {
                Self { #(#names,)* #(#optional: ::std::default::Default::default()),* }
            }
        }
    };
    (!names.is_empty()).then_some(constructor)
}

/// Returns the implementation of `Envelope` for a type with a `statusCode`.
fn envelope(item: &ItemStruct, structs: &[ItemStruct]) -> Option<Item> {
    fn find<'a>(item: &'a ItemStruct, name: &str) -> Option<&'a Field> {
        let mut fields = item.fields.iter();
        fields.find(|field| field.ident.as_ref().is_some_and(|ident| ident == name))
    }
    let get = |name: &str, call: &TokenStream| match find(item, name) {
        Some(Field { ident, .. }) => quote!(self.#ident.#call),
        None => quote!(None),
    };
    let number = quote!(map(crate::scalars::WholeNumber::get));
    let text = quote!(as_ref());
    let (status_code, api_code) = (get("status_code", &number), get("api_code", &number));
    let (message, request_id) = (get("message", &text), get("request_id", &text));
    let has_error = |item| find(item, "errcode").and(find(item, "errmsg")).is_some();
    let data = find(item, "data").map(|field| field.ty.to_token_stream().to_string());
    let data = data.unwrap_or_default();
    let is_data = |item: &&ItemStruct| data.contains(&format!("Box < {} >", item.ident));
    let has_inner = structs.iter().find(is_data).is_some_and(has_error);
    let inner = quote!(
        self.data
            .as_ref()
            .map(|data| (data.errcode, data.errmsg.as_ref())),
    );
    let inner = has_inner.then_some(inner);
    let own = has_error(item).then(|| quote!(Some((self.errcode, self.errmsg.as_ref()))));
    let name = &item.ident;
    find(item, "status_code")?;
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
