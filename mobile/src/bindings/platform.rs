//! What a platform must be told before its network can be used.

/// Android keeps the certificates that it trusts behind Java. The Kotlin layer's `Android.init(context)` calls this once,
/// before anything else; without it the first connection fails.
#[cfg(target_os = "android")]
pub mod android {
    use jni::objects::{JClass, JObject};
    use jni::{EnvUnowned, errors::ThrowRuntimeExAndDefault, jni_mangle};

    #[jni_mangle("org.fieldfolio.Android")]
    /// Hands over the application's context.
    pub fn init_native<'caller>(mut env: EnvUnowned<'caller>, _: JClass<'caller>, context: JObject<'caller>) {
        env.with_env(|env| rustls_platform_verifier::android::init_with_env(env, context))
            .resolve::<ThrowRuntimeExAndDefault>();
    }
}
