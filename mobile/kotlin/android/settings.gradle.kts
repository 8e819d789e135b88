// The Android library, built by itself. An app includes this folder as a module instead, see ../../samples/android.
// Not built where it was written: there is no Android SDK there.

pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
    plugins {
        id("com.android.library") version "8.13.0"
        id("org.jetbrains.kotlin.android") version "2.4.20"
    }
}

dependencyResolutionManagement {
    repositories {
        google()
        mavenCentral()
        // Where the Kotlin half of rustls-platform-verifier lies, see gradle.properties.
        val verifier = providers.gradleProperty("fieldfolioVerifier").orNull
        require(!verifier.isNullOrBlank()) { "set fieldfolioVerifier, as gradle.properties says" }
        maven {
            url = uri(verifier)
            content { includeGroup("org.rustls") }
        }
    }
}

rootProject.name = "fieldfolio"
