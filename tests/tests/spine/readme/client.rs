use authing::{AuthenticationClient, Error};

pub fn client() -> Result<AuthenticationClient, Error> {
    AuthenticationClient::builder()
        .app_host("https://example.authing.cn") // your application's own host
        .app_id("APP_ID")
        .build()
}
