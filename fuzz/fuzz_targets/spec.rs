//! Orders for faults and churn: read or refused, and what is read is written so that it is read as the same.

#![no_main]

use brimful_portal::{Churn, Faults};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|spec: &str| {
    match Faults::parse(spec) {
        Ok(faults) => {
            let written = faults.to_string();
            let again = Faults::parse(&written).expect("what we wrote");
            assert_eq!(again.to_string(), written);
        }
        Err(error) => assert!(spec.contains(error.part())),
    }
    match Churn::parse(spec) {
        Ok(churn) => assert_eq!(Churn::parse(&churn.to_string()), Ok(churn)),
        Err(error) => assert!(spec.contains(error.part())),
    }
});
