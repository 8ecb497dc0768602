//! The shapes in which a reply can come: the documented one, and those met in the wild.

use std::fmt;
use std::str::FromStr;

macro_rules! shapes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// How the exchange answers, from the moment it is set until another is set.
        ///
        /// Each shape has a stable kebab-case name, for `Display`, [`FromStr`] and the HTTP API.
        /// Unless it says otherwise a shape changes nothing about the code: it is checked, and
        /// used up, as ever, and what cannot be answered is refused in the documented way: a
        /// failing envelope without `data`, or WeChat's `errcode` inside `data`.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Shape {
            $($(#[$doc])* $variant,)+
        }

        impl Shape {
            const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable name of the shape.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

shapes! {
    /// `data` holds `phoneNumber`, `purePhoneNumber` and `countryCode` (documented).
    #[default]
    Documented = "documented",
    /// Like [`Shape::Documented`], but a failure carries `"data": null`.
    DataNull = "data-null",
    /// Like [`Shape::Documented`], but a failure carries `"data": {}`.
    DataEmpty = "data-empty",
    /// `data` is WeChat's own answer: `errcode` 0, `errmsg` and `phone_info` with a watermark.
    /// Read in the vendor's mini-program library.
    Nested = "nested",
    /// Like [`Shape::Nested`] without `errcode` and `errmsg`.
    NestedWithoutErrcode = "nested-without-errcode",
    /// As in WeChat's own sample: [`Shape::Nested`] with a numeric `countryCode` and, for mainland
    /// numbers, no calling code in `phoneNumber`.
    NestedMainland = "nested-mainland",
    /// `phone_info` stands beside `statusCode`, and so do `errcode` and `errmsg` when the code is
    /// rejected. Accepted by the vendor's mini-program library.
    BesideStatus = "beside-status",
    /// Like [`Shape::Documented`], but a rejected code's `errcode` stands beside `statusCode`.
    ErrcodeBeside = "errcode-beside",
    /// Like [`Shape::Documented`], but a rejected code is `statusCode` 602 ("a third-party endpoint
    /// answered with an error") with WeChat's words in `message` and no `data`; a guess.
    RejectionAs602 = "rejection-as-602",
    /// `countryCode` is a JSON number.
    CountryCodeNumber = "country-code-number",
    /// `countryCode` begins with a plus.
    CountryCodePlus = "country-code-plus",
    /// `phoneNumber` has no calling code when the number is of mainland China.
    MainlandWithoutPrefix = "mainland-without-prefix",
    /// `statusCode` has a decimal point: the page says number, not whole number.
    StatusCodeDecimal = "status-code-decimal",
    /// No `requestId`: the page promises it for failures only, and even those go without here.
    WithoutRequestId = "without-request-id",
    /// No `message`.
    WithoutMessage = "without-message",
    /// `message` is the empty string.
    EmptyMessage = "empty-message",
    /// Fields that nobody has documented, on both levels.
    UnknownFields = "unknown-fields",
    /// The content type says `text/plain`.
    TextContentType = "text-content-type",
    /// White space before and after the JSON text.
    Whitespace = "whitespace",
    /// HTTP 429 with `statusCode` 429 (documented); the code is not touched.
    Throttled = "throttled",
    /// HTTP 200 with `statusCode` 429; the code is not touched.
    ThrottledInBody = "throttled-in-body",
    /// HTTP 200 with a web page: a gateway in between spoilt the reply after the fact.
    Html = "html",
    /// HTTP 502 with a web page, after the fact.
    HtmlBadGateway = "html-bad-gateway",
    /// HTTP 200 with an empty body, after the fact.
    Empty = "empty",
    /// HTTP 204, after the fact.
    NoContent = "no-content",
    /// The documented reply, cut off in the middle of the JSON text; `content-length` agrees.
    TruncatedJson = "truncated-json",
    /// The body is `null`, after the fact.
    JsonNull = "json-null",
    /// The body is `[]`, after the fact.
    JsonArray = "json-array",
    /// HTTP 301 to another host; the code is not touched.
    Redirect301 = "redirect-301",
    /// HTTP 302 to another host; the code is not touched.
    Redirect302 = "redirect-302",
    /// HTTP 303 to another host; the code is not touched.
    Redirect303 = "redirect-303",
    /// HTTP 307 to another host; the code is not touched.
    Redirect307 = "redirect-307",
    /// HTTP 308 to another host; the code is not touched.
    Redirect308 = "redirect-308",
    /// Success without `data`.
    SuccessWithoutData = "success-without-data",
    /// Success with `"data": {}`.
    SuccessDataEmpty = "success-data-empty",
    /// Success with three empty strings.
    SuccessEmptyStrings = "success-empty-strings",
    /// Success without `countryCode`.
    SuccessFieldMissing = "success-field-missing",
    /// No `statusCode`.
    StatusCodeAbsent = "status-code-absent",
    /// `statusCode` is a word.
    StatusCodeText = "status-code-text",
    /// HTTP 500 with the documented reply.
    Http500Success = "http-500-success",
}

impl Shape {
    /// Every shape, in the order of this page.
    pub const fn all() -> &'static [Self] {
        Self::ALL
    }

    /// Whether the request reaches the part that knows the codes. When it does not, nothing that
    /// is answered in this shape uses up a code.
    pub const fn reaches_the_code(self) -> bool {
        !matches!(
            self,
            Self::Throttled
                | Self::ThrottledInBody
                | Self::Redirect301
                | Self::Redirect302
                | Self::Redirect303
                | Self::Redirect307
                | Self::Redirect308
        )
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// There is no shape of that name; the text lists those that there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownShape(());

impl fmt::Display for UnknownShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such reply shape; there are")?;
        for (index, shape) in Shape::all().iter().enumerate() {
            write!(f, "{} {shape}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownShape {}

impl FromStr for Shape {
    type Err = UnknownShape;

    fn from_str(name: &str) -> Result<Self, UnknownShape> {
        Self::all()
            .iter()
            .copied()
            .find(|shape| shape.name() == name)
            .ok_or(UnknownShape(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_shape() {
        for shape in Shape::all() {
            assert_eq!(shape.to_string().parse(), Ok(*shape));
            assert!(
                shape
                    .name()
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            );
        }
        let error = "docmented".parse::<Shape>().unwrap_err().to_string();
        assert!(error.contains("there are documented, data-null"), "{error}");
    }
}
