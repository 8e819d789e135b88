//! The framework of the sample school, in the form that `fieldfolio framework import` reads.
//!
//! Modelled on Idaho's College and Career Readiness Competencies; the wordings are ours. A rubric's four lines are the
//! levels not yet, approaching, demonstrates, exceeds.

pub(super) const JSON: &str = r#"{
 "title": "Competencies (modelled on Idaho's College and Career Readiness Competencies)",
 "outcomes": [
  {
   "code": "THINK",
   "statement": "Critical thinking and creative problem solving: exercises sound reasoning to analyse issues, make decisions, and solve problems by gathering and weighing evidence.",
   "friendly": "I can look at the evidence, weigh it, and work out a solution I can explain.",
   "rubric": [
    "States an opinion, or what happened, without evidence.",
    "Names some evidence, and links it to a conclusion with help.",
    "Weighs evidence from more than one source, and explains how it leads to the conclusion.",
    "Compares several explanations, tests them, and says what would change the conclusion."
   ]
  },
  {
   "code": "COMM",
   "statement": "Oral and written communication: articulates thoughts and ideas clearly and effectively, in speech, in writing and in other forms, for different audiences.",
   "friendly": "I can say what I mean so that the people I am speaking to understand it.",
   "rubric": [
    "Shares fragments that others have to piece together.",
    "Says what was done; the order or the words do not yet fit the audience.",
    "Presents ideas in a clear order, in words and pictures that fit the audience.",
    "Adapts to the audience's questions, and chooses the form that serves the idea best."
   ]
  },
  {
   "code": "TEAM",
   "statement": "Teamwork and collaboration: builds working relationships with others, shares responsibility, and manages differences.",
   "friendly": "I can do my share, listen to others, and help us agree.",
   "rubric": [
    "Works beside others rather than with them.",
    "Does the agreed part when reminded; listens to some ideas.",
    "Does the agreed part, builds on the ideas of others, and helps to settle differences.",
    "Helps everyone to contribute, and changes the plan with the team when it needs it."
   ]
  },
  {
   "code": "DIGITAL",
   "statement": "Digital literacy: uses digital tools ethically and efficiently to find, make and share information.",
   "friendly": "I can choose and use digital tools well, and say where things come from.",
   "rubric": [
    "Uses a tool step by step as it is shown.",
    "Uses known tools alone; sources are sometimes missing.",
    "Chooses tools that fit the task, and names sources and makers.",
    "Combines tools in new ways, checks sources, and protects the privacy of others."
   ]
  },
  {
   "code": "LEAD",
   "statement": "Leadership: uses the strengths of oneself and of others to reach a common goal.",
   "friendly": "I can help a group find its goal and get there.",
   "rubric": [
    "Follows what others decide.",
    "Takes on a task for the group when asked.",
    "Proposes steps towards the goal, and brings in the strengths of others.",
    "Helps others to lead, and keeps the goal in sight when things change."
   ]
  },
  {
   "code": "CITIZEN",
   "statement": "Citizenship and civic responsibility: takes an informed part in the community, respects other views, and acts for the common good.",
   "friendly": "I can find out what my community needs and do something about it.",
   "rubric": [
    "Names a need of the community.",
    "Takes part in what others organise.",
    "Finds out what the community needs, acts on it, and respects different views.",
    "Brings people together to act, and looks at what it changed and for whom."
   ]
  }
 ]
}"#;
