//! Which items go together, and in which order: lanes, which are sent side by side, of stages, which are sent one after
//! the other.

use std::collections::{BTreeMap, HashMap, HashSet};

use brimful::Error;

use crate::item::Item;

/// The items of the requests that follow each other.
pub(super) type Lane = Vec<Stage>;

/// Items of one request, in the order in which they are to be carried out.
pub(super) type Stage = Vec<usize>;

/// How a batch is sent.
pub(super) struct Plan {
    /// Sent as concurrent requests.
    pub(super) lanes: Vec<Lane>,
    /// What each item depends on.
    pub(super) needs: Vec<Vec<usize>>,
}

/// What an item depends on, by index.
struct Needs {
    /// To come after these, in the same request if need be.
    after: Vec<usize>,
    /// To go out when these have been answered.
    from: Vec<usize>,
}

impl Needs {
    fn all(&self) -> impl Iterator<Item = usize> {
        self.after.iter().chain(&self.from).copied()
    }
}

/// The names of the items; those without one get one that is free.
pub(super) fn names(items: &[Item]) -> Result<Vec<String>, Error> {
    let mut taken = HashSet::new();
    for name in items.iter().filter_map(|item| item.name.as_deref()) {
        if !taken.insert(name) {
            return Err(Error::config(format!(
                "two items of the batch have the name {name:?}"
            )));
        }
    }
    let mut next = 0;
    let names = items.iter().map(|item| match &item.name {
        Some(name) => name.clone(),
        None => loop {
            next += 1;
            let name = format!("item {next}");
            if !taken.contains(name.as_str()) {
                break name;
            }
        },
    });
    Ok(names.collect())
}

/// The plan for at most so many lanes.
pub(super) fn plan(items: &[Item], names: &[String], lanes: usize) -> Result<Plan, Error> {
    let needs = needs(items, names)?;
    let order = order(&needs).map_err(|circle| {
        let path: Vec<&str> = circle.iter().map(|&at| names[at].as_str()).collect();
        Error::config(format!(
            "the items of the batch depend on each other in a circle: {}",
            path.join(" after ")
        ))
    })?;
    let mut stages = vec![0; items.len()];
    for &item in &order {
        let later = |&of: &usize| stages[of] + 1;
        let from = needs[item].from.iter().map(later).max().unwrap_or(0);
        let after = needs[item].after.iter().map(|&of| stages[of]).max();
        stages[item] = from.max(after.unwrap_or(0));
    }
    let mut plan: Vec<Lane> = vec![Lane::new(); lanes.max(1)];
    let mut lane_of = HashMap::new();
    let mut sizes = vec![0; plan.len()];
    for group in groups(&needs) {
        // The largest group is the first, and each goes to the shortest lane.
        let shortest = (0..sizes.len())
            .min_by_key(|&lane| sizes[lane])
            .unwrap_or(0);
        sizes[shortest] += group.len();
        lane_of.extend(group.into_iter().map(|item| (item, shortest)));
    }
    for item in order {
        let lane = &mut plan[lane_of.get(&item).copied().unwrap_or(0)];
        if lane.len() <= stages[item] {
            lane.resize(stages[item] + 1, Stage::new());
        }
        lane[stages[item]].push(item);
    }
    plan.retain(|lane| !lane.is_empty());
    Ok(Plan {
        lanes: plan,
        needs: needs.iter().map(|needs| needs.all().collect()).collect(),
    })
}

fn needs(items: &[Item], names: &[String]) -> Result<Vec<Needs>, Error> {
    let known: HashMap<&str, usize> = names.iter().map(String::as_str).zip(0..).collect();
    let find = |name: &str, item: usize| {
        known.get(name).copied().ok_or_else(|| {
            Error::config(format!(
                "the item {:?} depends on {name:?}, and the batch has no item of that name",
                names[item]
            ))
        })
    };
    let levels = levels(items);
    let of = |(at, item): (usize, &Item)| {
        let lower = levels.range(..item.order.unwrap_or(0)).next_back();
        let lower = lower.into_iter().flat_map(|(_, items)| items);
        let after = item.after.iter().map(|name| find(name, at));
        let after = after.chain(lower.map(|lower| Ok(*lower)));
        let from = item.sources().map(|name| find(name, at));
        Ok(Needs {
            after: after.collect::<Result<_, Error>>()?,
            from: from.collect::<Result<_, Error>>()?,
        })
    };
    items.iter().enumerate().map(of).collect()
}

/// The items by their order, where any has one.
fn levels(items: &[Item]) -> BTreeMap<i64, Vec<usize>> {
    let mut levels: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    if items.iter().any(|item| item.order.is_some()) {
        for (at, item) in items.iter().enumerate() {
            levels.entry(item.order.unwrap_or(0)).or_default().push(at);
        }
    }
    levels
}

/// An order in which everything comes after what it depends on, and otherwise as it was added; or a circle.
fn order(needs: &[Needs]) -> Result<Vec<usize>, Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; needs.len()];
    let mut order = Vec::with_capacity(needs.len());
    for root in 0..needs.len() {
        // Each with what is still to be looked at of its needs. No recursion: a chain may be as long as a batch.
        let mut path: Vec<(usize, Vec<usize>)> = Vec::new();
        let mut enter = Some(root).filter(|&root| marks[root] == Mark::New);
        loop {
            if let Some(item) = enter.take() {
                marks[item] = Mark::Open;
                let mut left: Vec<usize> = needs[item].all().collect();
                left.sort_unstable_by(|a, b| b.cmp(a));
                path.push((item, left));
            }
            let Some((item, left)) = path.last_mut() else {
                break;
            };
            match left.pop() {
                None => {
                    marks[*item] = Mark::Done;
                    order.push(*item);
                    path.pop();
                }
                Some(need) => match marks[need] {
                    Mark::Done => {}
                    Mark::New => enter = Some(need),
                    Mark::Open => {
                        let from = path.iter().position(|(item, _)| *item == need).unwrap_or(0);
                        let mut circle: Vec<usize> =
                            path[from..].iter().map(|(item, _)| *item).collect();
                        circle.push(need);
                        return Err(circle);
                    }
                },
            }
        }
    }
    Ok(order)
}

/// The first item of the group of `item`, as far as groups are known.
fn find(root: &mut [usize], mut item: usize) -> usize {
    while root[item] != item {
        root[item] = root[root[item]];
        item = root[item];
    }
    item
}

/// The items that depend on each other, however far; the largest group first.
fn groups(needs: &[Needs]) -> Vec<Vec<usize>> {
    let mut root: Vec<usize> = (0..needs.len()).collect();
    for (item, need) in needs.iter().enumerate() {
        for other in need.all() {
            let (a, b) = (find(&mut root, item), find(&mut root, other));
            root[a.max(b)] = a.min(b);
        }
    }
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    for item in 0..needs.len() {
        let group = find(&mut root, item);
        groups[group].push(item);
    }
    groups.retain(|group| !group.is_empty());
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply_of;

    fn planned(items: &[Item], lanes: usize) -> Result<Vec<Lane>, String> {
        let names = names(items).map_err(|error| error.to_string())?;
        plan(items, &names, lanes)
            .map(|plan| plan.lanes)
            .map_err(|error| error.to_string())
    }

    fn item(name: &str) -> Item {
        Item::get("people/@self").name(name)
    }

    #[test]
    fn independent_items_go_side_by_side_and_dependent_ones_in_order() {
        let items = [
            item("c").after("a"),
            item("alone"),
            item("a"),
            item("b").after("c"),
        ];
        assert_eq!(
            planned(&items, 4).unwrap(),
            [vec![vec![2, 0, 3]], vec![vec![1]]]
        );
        assert_eq!(planned(&items, 1).unwrap(), [vec![vec![2, 0, 1, 3]]]);
    }

    #[test]
    fn an_item_that_needs_a_value_goes_out_in_the_following_request() {
        let takes = |name: &str, of: &str| {
            Item::get("people/{id}")
                .name(name)
                .path("id", reply_of(of).pointer("/response/id"))
        };
        let items = [
            takes("b", "a"),
            item("a"),
            takes("c", "b"),
            item("d").after("c"),
            item("e").after("a"),
        ];
        assert_eq!(
            planned(&items, 4).unwrap(),
            [vec![vec![1, 4], vec![0], vec![2, 3]]]
        );
    }

    #[test]
    fn an_order_holds_for_all_items_as_it_does_on_the_server() {
        let items = [
            item("c").order(2),
            item("b").order(1),
            item("a"),
            item("d").order(2),
        ];
        assert_eq!(planned(&items, 4).unwrap(), [vec![vec![2, 1, 0, 3]]]);
        let error = planned(&[item("a").order(1), item("b").after("a")], 4).unwrap_err();
        assert!(error.contains("circle"), "{error}");
    }

    #[test]
    fn a_circle_is_refused_by_name() {
        let items = [
            item("a").after("c"),
            item("b").after("a"),
            item("c").after("b"),
        ];
        let error = planned(&items, 4).unwrap_err();
        assert!(error.contains("a after c after b after a"), "{error}");
        let error = planned(&[item("a").after("a")], 4).unwrap_err();
        assert!(error.contains("a after a"), "{error}");
    }

    #[test]
    fn unknown_names_and_names_that_come_twice_are_refused() {
        let error = planned(&[item("a").after("b")], 4).unwrap_err();
        assert!(error.contains("\"b\""), "{error}");
        let error = planned(&[item("a"), item("a")], 4).unwrap_err();
        assert!(error.contains("\"a\""), "{error}");
    }

    #[test]
    fn an_item_without_a_name_gets_one_that_is_free() {
        let items = [Item::get("a"), item("item 1"), Item::get("b")];
        assert_eq!(names(&items).unwrap(), ["item 2", "item 1", "item 3"]);
    }

    #[test]
    fn a_chain_of_ten_thousand_items_is_no_burden() {
        let items: Vec<Item> = (0..10_000)
            .map(|n| match n {
                9_999 => item("9999"),
                n => item(&n.to_string()).after((n + 1).to_string()),
            })
            .collect();
        let plan = planned(&items, 4).unwrap();
        assert_eq!(plan.len(), 1);
        assert_eq!(plan[0][0].first(), Some(&9_999));
    }
}
