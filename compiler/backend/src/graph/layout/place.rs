//! Coordinates: each part as near to what it is joined to as its neighbours in its rank let it.

/// One of a row, from left to right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    /// Where its middle would like to be.
    pub(super) at: f64,
    /// How much.
    pub(super) weight: f64,
    /// The least distance of its middle from that of the one before.
    pub(super) distance: f64,
}

/// The middles that are, together, nearest to what is wished (least squares), with the distances kept: neighbours that
/// would come too close move as one block, to the mean of their wishes.
pub(super) fn settle(wishes: &[Wish]) -> Vec<f64> {
    struct Block {
        sum: f64,
        weight: f64,
        count: usize,
    }
    let mut blocks: Vec<Block> = Vec::new();
    let mut offset = 0.0;
    for (at, wish) in wishes.iter().enumerate() {
        if at > 0 {
            offset += wish.distance;
        }
        let mut block = Block { sum: (wish.at - offset) * wish.weight, weight: wish.weight, count: 1 };
        while let Some(before) = blocks.pop_if(|before| before.sum / before.weight > block.sum / block.weight) {
            block.sum += before.sum;
            block.weight += before.weight;
            block.count += before.count;
        }
        blocks.push(block);
    }
    let mut settled = Vec::with_capacity(wishes.len());
    let mut offset = 0.0;
    let mut wishes = wishes.iter().enumerate();
    for block in blocks {
        for (at, wish) in wishes.by_ref().take(block.count) {
            if at > 0 {
                offset += wish.distance;
            }
            settled.push(block.sum / block.weight + offset);
        }
    }
    settled
}

/// The median of places, by weight; between two, their middle.
pub(super) fn median(mut places: Vec<(f64, f64)>) -> Option<f64> {
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = places.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
    let mut sum = 0.0;
    let mut places = places.into_iter().peekable();
    while let Some((place, weight)) = places.next() {
        sum += weight;
        if sum > half {
            return Some(place);
        }
        if sum == half {
            return Some(places.peek().map_or(place, |(next, _)| (place + next) / 2.0));
        }
    }
    None
}

/// Places on an edge from `low` to `high`, for ends that would like to be at `wishes` (sorted), at most `apart` apart.
pub(super) fn spread(wishes: &[f64], low: f64, high: f64, apart: f64) -> Vec<f64> {
    let gaps = wishes.len().saturating_sub(1).max(1) as f64;
    let apart = apart.min((high - low).max(0.0) / gaps);
    let wishes: Vec<Wish> =
        wishes.iter().map(|wish| Wish { at: wish.clamp(low, high.max(low)), weight: 1.0, distance: apart }).collect();
    let count = wishes.len();
    let settled = settle(&wishes).into_iter().enumerate();
    // What moved over an end comes back, with room for those beside it.
    let room = |ends: usize| apart * ends as f64;
    settled.map(|(at, x)| x.max(low + room(at)).min((high - room(count - 1 - at)).max(low))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_kept_where_there_is_room() {
        let wish = |at, weight| Wish { at, weight, distance: 10.0 };
        assert_eq!(settle(&[wish(0.0, 1.0), wish(50.0, 1.0)]), [0.0, 50.0]);
        assert_eq!(settle(&[wish(20.0, 1.0), wish(20.0, 1.0)]), [15.0, 25.0]);
        // The heavier one moves less.
        assert_eq!(settle(&[wish(20.0, 3.0), wish(20.0, 1.0)]), [17.5, 27.5]);
        assert_eq!(settle(&[]), [0.0; 0]);
    }

    #[test]
    fn the_median_is_that_of_the_weights() {
        assert_eq!(median(vec![(0.0, 1.0), (10.0, 3.0)]), Some(10.0));
        assert_eq!(median(vec![(10.0, 1.0), (0.0, 1.0)]), Some(5.0));
        assert_eq!(median(Vec::new()), None);
    }

    #[test]
    fn ends_stay_on_their_edge() {
        assert_eq!(spread(&[50.0], 0.0, 100.0, 12.0), [50.0]);
        assert_eq!(spread(&[-40.0, -20.0, 300.0], 0.0, 100.0, 12.0), [0.0, 12.0, 100.0]);
        assert_eq!(spread(&[5.0, 5.0, 5.0], 0.0, 10.0, 12.0), [0.0, 5.0, 10.0]);
    }
}
