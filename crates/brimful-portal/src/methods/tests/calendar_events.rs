//! Events of calendars: their times in every form, who takes part, and which of them a list has.

use super::Portal;

/// A portal with three users, of whom the first has four calendars.
fn with_calendars() -> Portal {
    let mut portal = Portal::with(&[("user", 3, 0.0)]);
    for name in ["A", "B", "C", "D"] {
        let section = format!("type=user&ownerId=1&name={name}");
        portal.json("calendar.section.add", &section);
    }
    portal
}

#[test]
fn an_event_tells_its_times_its_guests_and_how_it_comes_again() {
    let mut portal = with_calendars();
    portal.json(
        "calendar.event.add",
        "type=user&ownerId=1&name=Call&from=2026-05-10T10:00:00%2B03:00&to=2026-05-10T11:00:00%2B03:00&section=4&is_meeting=Y&attendees[]=1&attendees[]=2&meeting[notify]=true&rrule[FREQ]=WEEKLY&rrule[BYDAY][]=MO&rrule[BYDAY][]=WE&rrule[UNTIL]=2026-06-01&crm_fields[]=L_5&timezone_from=Europe/Moscow",
    );
    portal.steps(&[
        (
            "calendar.event.getbyid",
            "id=1",
            r#"{"PARENT_ID":"1","DATE_FROM":"10.05.2026 10:00:00","DATE_TO":"10.05.2026 11:00:00",
                "ORIGINAL_DATE_FROM":null,"TZ_FROM":"Europe/Moscow","TZ_TO":"Europe/Moscow",
                "TZ_OFFSET_FROM":"10800","DATE_FROM_TS_UTC":"1778396400","DATE_TO_TS_UTC":"1778400000",
                "DT_SKIP_TIME":"N","DT_LENGTH":3600,"EVENT_TYPE":null,"MEETING_HOST":"1",
                "MEETING":{"NOTIFY":true,"REINVITE":false,"MEETING_CREATOR":1},"EXDATE":"",
                "RRULE":{"FREQ":"WEEKLY","BYDAY":{"MO":"MO","WE":"WE"},"INTERVAL":1,"UNTIL":"01.06.2026","~UNTIL":"01.06.2026","UNTIL_TS":1780261200},
                "ATTENDEES_CODES":["U1","U2"],"ATTENDEE_LIST":[{"id":1,"entryId":"1","status":"H"},{"id":2,"status":"Q"}],
                "UF_CRM_CAL_EVENT":["L_5"],"DATE_FROM_FORMATTED":"Sun May 10 2026 10:00:00","VERSION":"1"}"#,
        ),
        (
            "calendar.event.update",
            "id=1&type=user&ownerId=1&name=Talk&from=2026-05-11&to=2026-05-12&skip_time=Y",
            "1",
        ),
        (
            "calendar.event.getbyid",
            "id=1",
            r#"{"NAME":"Talk","DATE_FROM":"11.05.2026","DATE_TO":"12.05.2026","DT_SKIP_TIME":"Y","DT_LENGTH":172800,
                "ATTENDEES_CODES":["U1","U2"],"MEETING":{"NOTIFY":true}}"#,
        ),
        ("calendar.event.getbyid", "id=9", "! Event not found"),
        ("calendar.event.add", "type=user&ownerId=1&from=2026-05-11&to=2026-05-12", "!"),
    ]);
}

#[test]
fn a_list_has_the_events_of_a_time_and_the_nearest_are_still_to_come() {
    let mut portal = with_calendars();
    for (name, day) in [
        ("Past", "2026-01-05"),
        ("Far", "2027-01-05"),
        ("Next", "2026-05-20"),
        ("Soon", "2026-05-06"),
    ] {
        portal.json(
            "calendar.event.add",
            &format!("type=user&ownerId=1&name={name}&from={day}%2010:00:00&to={day}%2011:00:00&section=4"),
        );
    }
    let of_user = "type=user&ownerId=1";
    portal.steps(&[
        (
            "calendar.event.get",
            "ownerId=1",
            "! The required parameter \"type\"",
        ),
        (
            "calendar.event.get",
            of_user,
            r#"[{"NAME":"Soon"},{"NAME":"Next"}]"#,
        ),
        (
            "calendar.event.get",
            &format!("{of_user}&section[]=5"),
            "[]",
        ),
        ("calendar.event.get", "type=user&ownerId=2", "[]"),
        (
            "calendar.event.get",
            &format!("{of_user}&from=2026-01-01&to=2026-01-31"),
            r#"[{"NAME":"Past"}]"#,
        ),
        (
            "calendar.event.get.nearest",
            "",
            r#"[{"NAME":"Soon"},{"NAME":"Next"}]"#,
        ),
        (
            "calendar.resource.booking.list",
            "",
            "! The required parameter",
        ),
        (
            "calendar.resource.booking.list",
            "filter[resourceTypeIdList][]=4",
            "[]",
        ),
        (
            "calendar.event.get.nearest",
            "days=5",
            r#"[{"NAME":"Soon"}]"#,
        ),
        (
            "calendar.event.get.nearest",
            "days=300&maxEventsCount=1",
            r#"[{"NAME":"Soon"}]"#,
        ),
    ]);
}

#[test]
fn an_event_is_refused_a_calendar_links_texts_and_times_that_make_no_sense() {
    let mut portal = with_calendars();
    let event = "type=user&ownerId=1&name=Call&from=2026-05-10&to=2026-05-11";
    for (change, text) in [
        (
            "section=99",
            "You specified an invalid calendar section ID or the user does not have access to it",
        ),
        (
            "crm_fields=x",
            "The list of event links to CRM must be an array",
        ),
        ("name[]=x", "Invalid value for the parameter \"name\""),
        (
            "description[]=x",
            "Invalid value for the parameter \"description\"",
        ),
        (
            "from=nonsense",
            "An error occurred while creating the event",
        ),
        (
            "to=2026-05-09",
            "An error occurred while creating the event",
        ),
    ] {
        let name = change.split(['=', '[']).next().unwrap();
        let rest = event
            .split('&')
            .filter(|param| !param.starts_with(&format!("{name}=")));
        let params = format!("{}&{change}", rest.collect::<Vec<_>>().join("&"));
        let (status, code, said) = portal.error("calendar.event.add", &params);
        assert_eq!(
            (status, code.as_str(), said.as_str()),
            (400, "", text),
            "{change}"
        );
    }
    portal.steps(&[
        ("calendar.event.get", "type=user&ownerId=1", "[]"),
        ("calendar.event.add", &format!("{event}&section=4"), "1"),
    ]);
}

#[test]
fn an_event_is_in_the_calendar_of_each_who_takes_part() {
    let mut portal = with_calendars();
    let event = "type=user&ownerId=1&name=Call&from=2026-05-10&to=2026-05-11&is_meeting=Y&attendees[]=1&attendees[]=2";
    portal.json("calendar.event.add", event);
    portal.steps(&[
        (
            "calendar.event.get",
            "type=user&ownerId=2",
            r#"[{"NAME":"Call"}]"#,
        ),
        ("calendar.event.get", "type=user&ownerId=3", "[]"),
        (
            "calendar.event.get.nearest",
            "type=user&ownerId=2",
            r#"[{"NAME":"Call"}]"#,
        ),
        (
            "calendar.accessibility.get",
            "users[]=2&users[]=3&from=2026-05-10&to=2026-05-11",
            r#"{"2":[{"NAME":"Call"}],"3":[]}"#,
        ),
    ]);
}
