// Not built where it was written: there is no Android SDK there.

pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
    plugins {
        id("com.android.application") version "8.13.0"
        id("com.android.library") version "8.13.0"
        id("org.jetbrains.kotlin.android") version "2.4.20"
        id("org.jetbrains.kotlin.plugin.compose") version "2.4.20"
    }
}

dependencyResolutionManagement {
    repositories {
        google()
        mavenCentral()
        // As ../../kotlin/android/gradle.properties says.
        val verifier = providers.gradleProperty("fieldfolioVerifier").orNull
        require(!verifier.isNullOrBlank()) { "set fieldfolioVerifier, see ../../kotlin/android/gradle.properties" }
        maven {
            url = uri(verifier)
            content { includeGroup("org.rustls") }
        }
    }
}

rootProject.name = "fieldfolio-sample"
include(":app", ":fieldfolio")
project(":fieldfolio").projectDir = file("../../kotlin/android")
