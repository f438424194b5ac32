//! The walk by ID against a search that looks at every row.

use brimful_protocol::Value;

use super::Portal;

/// A condition, as a parameter and as what it means to a row in JSON.
type Condition = (String, Box<dyn Fn(&serde_json::Value) -> bool>);

fn number(row: &serde_json::Value, name: &str) -> Option<f64> {
    row[name].as_str().map(|text| Value::from(text).to_float())
}

fn condition(rng: &mut fastrand::Rng, last: u64) -> Condition {
    let id = rng.u64(0..last + last / 4);
    match rng.u8(0..10) {
        0 => (
            format!("filter[>ID]={id}"),
            Box::new(move |row| number(row, "ID") > Some(id as f64)),
        ),
        1 => (
            format!("filter[>=ID]={id}"),
            Box::new(move |row| number(row, "ID") >= Some(id as f64)),
        ),
        2 => (
            format!("filter[<ID]={id}"),
            Box::new(move |row| number(row, "ID") < Some(id as f64)),
        ),
        3 => (
            format!("filter[<=ID]={id}"),
            Box::new(move |row| number(row, "ID") <= Some(id as f64)),
        ),
        4 => (
            format!("filter[!ID]={id}"),
            Box::new(move |row| number(row, "ID") != Some(id as f64)),
        ),
        5 => {
            let other = rng.u64(1..=last);
            let list = format!("filter[@ID][]={id}&filter[@ID][]={other}&filter[@ID][]=1");
            let ids = [id as f64, other as f64, 1.0];
            (
                list,
                Box::new(move |row| number(row, "ID").is_some_and(|id| ids.contains(&id))),
            )
        }
        6 => (
            "filter[STAGE_ID]=NEW".to_owned(),
            Box::new(|row| row["STAGE_ID"] == "NEW"),
        ),
        7 => {
            let amount = rng.u32(0..2_000_000);
            let limit = f64::from(amount);
            (
                format!("filter[>OPPORTUNITY]={amount}"),
                Box::new(move |row| number(row, "OPPORTUNITY") > Some(limit)),
            )
        }
        8 => (
            "filter[!CURRENCY_ID]=RUB".to_owned(),
            Box::new(|row| row["CURRENCY_ID"] != "RUB"),
        ),
        _ => (
            "filter[%25TITLE]=CRM".to_owned(),
            Box::new(|row| {
                row["TITLE"]
                    .as_str()
                    .is_some_and(|title| title.to_lowercase().contains("crm"))
            }),
        ),
    }
}

/// Every row, in the order of IDs.
fn everything(portal: &mut Portal) -> Vec<serde_json::Value> {
    let mut rows: Vec<serde_json::Value> = Vec::new();
    loop {
        let from = rows
            .last()
            .map_or("0".to_owned(), |row| row["ID"].as_str().unwrap().to_owned());
        let page = portal.json(
            "crm.deal.list",
            &format!("select[]=*&filter[>ID]={from}&start=-1"),
        );
        let page = page.as_array().unwrap();
        rows.extend(page.iter().cloned());
        if page.len() < 50 {
            return rows;
        }
    }
}

fn id(row: &serde_json::Value) -> u64 {
    row["ID"].as_str().unwrap().parse().unwrap()
}

#[test]
fn every_list_is_what_a_search_of_every_row_finds() {
    let mut rng = fastrand::Rng::with_seed(20_260_504);
    for (rows, gaps) in [
        (0, 0.0),
        (1, 0.0),
        (49, 0.5),
        (50, 0.0),
        (700, 0.4),
        (600, 0.9),
        (900, 0.0),
    ] {
        let mut portal = Portal::with(&[("deal", rows, gaps)]);
        // Some rows change, go and come first.
        for _ in 0..rows / 10 {
            let at = rng.u64(1..=rows);
            match rng.u8(0..3) {
                0 => drop(portal.call("crm.deal.delete", &format!("id={at}"))),
                1 => drop(portal.call(
                    "crm.deal.update",
                    &format!("id={at}&fields[TITLE]=crm {at}"),
                )),
                _ => drop(portal.call(
                    "crm.deal.add",
                    "fields[TITLE]=New crm&fields[OPPORTUNITY]=7",
                )),
            }
        }
        let all = everything(&mut portal);
        let last = all.last().map_or(1, id);
        for _ in 0..60 {
            let conditions: Vec<Condition> = (0..rng.usize(0..4))
                .map(|_| condition(&mut rng, last))
                .collect();
            // The same key twice in a query is one key: keep the last.
            let key = |params: &str| params.split(']').next().map(str::to_owned);
            let mut kept: Vec<&Condition> = Vec::new();
            for condition in &conditions {
                kept.retain(|other| key(&other.0) != key(&condition.0));
                kept.push(condition);
            }
            let (order, descending) = *rng
                .choice(&[
                    ("", false),
                    ("ID", false),
                    ("ID", true),
                    ("OPPORTUNITY", false),
                ])
                .unwrap();
            let mut found: Vec<&serde_json::Value> = all
                .iter()
                .filter(|row| kept.iter().all(|(_, admits)| admits(row)))
                .collect();
            if order == "OPPORTUNITY" {
                found.sort_by(|a, b| {
                    number(a, order)
                        .unwrap()
                        .total_cmp(&number(b, order).unwrap())
                });
            }
            if descending {
                found.reverse();
            }
            let found: Vec<u64> = found.into_iter().map(id).collect();
            let mut params: Vec<String> = kept.iter().map(|(param, _)| param.clone()).collect();
            if !order.is_empty() {
                params.push(format!(
                    "order[{order}]={}",
                    if descending { "DESC" } else { "ASC" }
                ));
            }
            let page = rng.usize(0..=found.len() / 50);
            params.push(format!("start={}", page * 50));
            let params = params.join("&");
            let (ids, next, total) = portal.page("crm.deal.list", &params);
            let page = if page * 50 >= found.len() { 0 } else { page };
            let expected: Vec<u64> = found.iter().copied().skip(page * 50).take(50).collect();
            assert_eq!(ids, expected, "{params}");
            assert_eq!(total, Some(found.len() as i64), "{params}");
            let end = page * 50 + expected.len();
            assert_eq!(next, (end < found.len()).then_some(end as i64), "{params}");
            let uncounted = params.replace("start=", "start=-1&x=");
            assert_eq!(
                portal.ids("crm.deal.list", &uncounted),
                found[..found.len().min(50)],
                "{params}"
            );
        }
    }
}

#[test]
fn rows_do_not_depend_on_what_is_asked_for() {
    let mut portal = Portal::with(&[("deal", 500, 0.5), ("contact", 100, 0.2)]);
    let alone = portal.json(
        "crm.deal.list",
        "filter[>ID]=300&filter[<=ID]=400&select[]=TITLE&select[]=CONTACT_ID",
    );
    for row in alone.as_array().unwrap() {
        let whole = portal.json(
            "crm.deal.get",
            &format!("id={}", row["ID"].as_str().unwrap()),
        );
        assert_eq!(
            (&row["TITLE"], &row["CONTACT_ID"]),
            (&whole["TITLE"], &whole["CONTACT_ID"])
        );
        if let Some(contact) = row["CONTACT_ID"].as_str() {
            portal.json("crm.contact.get", &format!("id={contact}"));
        }
    }
}

#[test]
fn ten_million_rows_are_there_at_once_and_a_page_by_id_touches_only_itself() {
    let mut portal = Portal::with(&[("deal", 10_000_000, 0.5)]);
    let (ids, _, _) = portal.page("crm.deal.list", "filter[>ID]=15000000&start=-1&select[]=ID");
    assert_eq!(ids.len(), 50);
    assert!(ids.is_sorted() && ids[0] > 15_000_000 && ids[49] < 15_001_000);
    let (ids, next, total) = portal.page("crm.deal.list", "start=9999950&select[]=ID");
    assert_eq!((ids.len(), next, total), (50, None, Some(10_000_000)));
}
