//! What a platform must be told before its network can be used.

/// Android keeps the certificates that it trusts behind Java. `org.fieldfolio.Android.init(context)` calls this once, before
/// anything else.
#[cfg(target_os = "android")]
#[allow(unsafe_code)]
mod android {
    use rustls_platform_verifier::jni::objects::{JClass, JObject};
    use rustls_platform_verifier::jni::{EnvUnowned, errors::ThrowRuntimeExAndDefault};

    // SAFETY: nothing else in this library has this name, and Java calls it with what JNI says.
    #[unsafe(no_mangle)]
    pub extern "system" fn Java_org_fieldfolio_Android_initNative<'local>(
        mut env: EnvUnowned<'local>,
        _: JClass<'local>,
        context: JObject<'local>,
    ) {
        let done = env.with_env(|env| rustls_platform_verifier::android::init_with_env(env, context));
        done.resolve::<ThrowRuntimeExAndDefault>();
    }
}
