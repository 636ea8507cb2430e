//! One phone in several tabs: which one registers, and how another takes it over.

use softframe_phone::{
    Action, Input, TabEvent, TabRequest,
    view::{Dot, Screen},
};
use softframe_sim::World;

const ELSEWHERE: TabEvent = TabEvent::Elsewhere { in_call: false };

/// 200, where one tab has the phone; 201 without that.
fn shared() -> World {
    let mut world = World::new();
    for (number, more) in [("200", r#""oneTab":true,"#), ("201", "")] {
        let station = world.station();
        world.trust(station);
        let config = world.kiosk(number, &format!("secret-{number}"), more);
        world.boot(station, &config);
    }
    world.run(1_000);
    world
}

fn tell(world: &mut World, event: TabEvent) {
    world.input(0, Input::Tab(event));
    world.run(1_000);
}

fn is_registered(world: &World) -> bool {
    world.view(0).header.dot == Dot::Available
}

#[test]
fn nothing_is_registered_before_the_browser_gives_the_phone_to_this_tab() {
    let mut world = shared();
    assert_eq!(world.stations[0].tabs, [TabRequest::Claim("200@softframe.test".into())]);
    assert_eq!((world.view(0).screen, is_registered(&world)), (Screen::Starting, false));
    tell(&mut world, TabEvent::Here);
    assert!(is_registered(&world) && matches!(world.view(0).screen, Screen::Keypad(_)));
    assert!(world.stations[1].tabs.is_empty(), "without oneTab nobody is asked");
}

#[test]
fn the_other_tab_is_named_without_a_banner_and_has_the_phone_when_the_first_has_gone() {
    let mut world = shared();
    tell(&mut world, ELSEWHERE);
    let view = world.view(0);
    assert_eq!((view.screen, view.banner), (Screen::OtherTab { in_call: false }, None));
    assert_eq!((view.header.dot, view.header.status.id), (Dot::Away, "tabs.header"));
    tell(&mut world, TabEvent::Elsewhere { in_call: true });
    assert_eq!(world.view(0).screen, Screen::OtherTab { in_call: true });
    world.act(0, Action::UseHere);
    assert!(!world.stations[0].tabs.contains(&TabRequest::Take), "not out of a call");
    tell(&mut world, ELSEWHERE);
    world.act(0, Action::UseHere);
    assert_eq!(world.stations[0].tabs.last(), Some(&TabRequest::Take));
    tell(&mut world, TabEvent::Here);
    assert!(is_registered(&world));
}

#[test]
fn a_wanted_phone_is_given_with_its_binding_gone_but_not_out_of_a_call() {
    let mut world = shared();
    tell(&mut world, TabEvent::Here);
    world.act(0, Action::CallNumber("201".into()));
    world.run(1_000);
    world.answer(1);
    world.run(1_000);
    assert_eq!(world.stations[0].tabs.last(), Some(&TabRequest::InCall(true)));
    tell(&mut world, TabEvent::Wanted);
    assert!(matches!(world.view(0).screen, Screen::Call(_)), "the call goes on");

    let call = world.front(0);
    world.act(0, Action::End(call));
    world.run(5_000);
    assert_eq!(world.stations[0].tabs.last(), Some(&TabRequest::InCall(false)));
    tell(&mut world, TabEvent::Wanted);
    assert_eq!(world.stations[0].tabs.last(), Some(&TabRequest::Give));
    assert_eq!(world.view(0).screen, Screen::OtherTab { in_call: false });
    world.act(1, Action::CallNumber("200".into()));
    world.run(1_000);
    assert!(matches!(world.view(0).screen, Screen::OtherTab { .. }), "it rings where the phone is");
}

#[test]
fn signing_out_shares_nothing_any_more() {
    let mut world = shared();
    tell(&mut world, TabEvent::Here);
    world.act(0, Action::SignOut);
    world.run(5_000);
    assert_eq!(world.stations[0].tabs.last(), Some(&TabRequest::Leave));
    assert!(matches!(world.view(0).screen, Screen::SignIn(_)));
}
