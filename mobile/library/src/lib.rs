//! One library with everything that `fieldfolio-mobile` exports. There is nothing else in it.

fieldfolio_mobile::uniffi_reexport_scaffolding!();
