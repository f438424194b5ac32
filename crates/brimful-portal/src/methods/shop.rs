//! What the shop does beside keeping records: payments by a payment system, receipts of cash registers.

use brimful_protocol::{Array, Value};

use crate::context::{Call, MethodError, Output, errors};
use crate::data::PortalData;
use crate::data::records::{self, table::Writer};

fn refused(text: &str) -> MethodError {
    MethodError::new(400, "ERROR_CHECK_FAILURE", text)
}

/// `sale.paysystem.pay.payment`: a payment by this payment system is paid from now on.
pub(crate) fn pay(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let number = |name: &str| {
        let value = call.params.get_ignoring_case(name);
        let value = value.filter(|value| value.is_truthy()).map(Value::to_int);
        value.ok_or_else(|| refused(&format!("Parameter {name} is not defined")))
    };
    let (payment, system) = (number("PAYMENT_ID")?, number("PAY_SYSTEM_ID")?);
    let systems = records::place("sale.paysystem").ok_or_else(errors::method_not_found)?;
    if state.records[systems]
        .find(&[system.to_string()], &[])
        .is_none()
    {
        return Err(refused("Pay system not found"));
    }
    let payments = records::place("sale.payment").ok_or_else(errors::method_not_found)?;
    let table = &mut state.records[payments];
    let is_of = |id: &u64| {
        let row = table.get(*id);
        let of = row.and_then(|row| row.get("paySystemId")?.as_i64());
        of == Some(system)
    };
    let id = table.find(&[payment.to_string()], &[]).filter(is_of);
    let id = id.ok_or_else(|| refused("Payment not found"))?;
    let writer = Writer {
        user: call.user,
        now: call.seconds(),
    };
    table.update(id, &Array::from_iter([("paid", "Y")]), writer);
    Ok(Output::value(&Value::Bool(true)))
}

/// `sale.cashbox.check.apply`: no cash register prints here, so no receipt is there.
pub(crate) fn apply_check(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    if call.text("UUID").is_empty() {
        return Err(refused("Parameter UUID is not defined"));
    }
    Err(MethodError::new(
        400,
        "ERROR_CHECK_NOT_FOUND",
        "Check not found",
    ))
}
