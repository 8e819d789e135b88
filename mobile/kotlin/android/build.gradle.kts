// Fieldfolio for Android, as a library module: the handwritten Kotlin, the generated bindings, and the native libraries.
// The bindings and the libraries are made before, into target/phones: mobile/bindings.sh makes the one, `make aar` all of it.
// Not built where it was written: there is no Android SDK there.

import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    id("com.android.library")
    id("org.jetbrains.kotlin.android")
}

group = "org.fieldfolio"
version = "0.2.0"

val phones = layout.projectDirectory.dir("../../../target/phones")

android {
    namespace = "org.fieldfolio"
    compileSdk = 36

    defaultConfig {
        minSdk = 24
        consumerProguardFiles("consumer-rules.pro")
        ndk {
            abiFilters += listOf("arm64-v8a", "armeabi-v7a", "x86_64")
        }
    }

    sourceSets["main"].apply {
        kotlin.srcDirs("../src/main/kotlin", phones.dir("bindings/kotlin"))
        jniLibs.srcDirs(phones.dir("jniLibs"))
    }

    packaging {
        // Libraries stay uncompressed in the APK and are mapped from it. Devices with pages of 16 KB ask for that, for
        // zip alignment (the Android Gradle plugin does it from 8.5.1 on), and for libraries that were linked with
        // `-z max-page-size=16384`: ours are, and JNA's are from 5.17 on.
        jniLibs.useLegacyPackaging = false
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }

    lint {
        // The generated bindings ask for java.lang.ref.Cleaner only where it is there, which lint can't see.
        lintConfig = file("lint.xml")
    }
}

kotlin {
    compilerOptions {
        jvmTarget = JvmTarget.JVM_17
    }
}

// The two halves of the verifier must have one version: the one that Cargo chose.
val verifierVersion = providers.fileContents(layout.projectDirectory.file("../../../Cargo.lock")).asText.map { lock ->
    val found = Regex("""name = "rustls-platform-verifier-android"\nversion = "([^"]+)"""").find(lock)
    found?.groupValues?.get(1) ?: error("Cargo.lock names no rustls-platform-verifier-android")
}

dependencies {
    api("org.jetbrains.kotlinx:kotlinx-coroutines-android:1.11.0")
    implementation("net.java.dev.jna:jna:5.19.1@aar")
    implementation("org.rustls:rustls-platform-verifier:${verifierVersion.get()}")
}
